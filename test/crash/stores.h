// The stores that test_crash knows, and what can be left out of each.
#pragma once

#include <string>
#include <vector>

#include "test/crash/store_driver.h"

namespace shoal::crash {

std::vector<std::string> store_names();
// Throws std::invalid_argument: there is no such store, or it has no such rule. Empty: nothing is left out.
StoreDriver make_store(const std::string& name, const std::string& left_out);

}  // namespace shoal::crash
