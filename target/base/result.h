// Result<T, E>: a value or an error of the machine (disk, network, metadata). E is a plain enum class whose enumerators
// say what the caller does next. What a *peer* does wrong is not a Result: it is a value in the protocol's words.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>

namespace shoal {

template <class T, class E>
using Result = boost::system::result<T, E>;

}  // namespace shoal
