// The rules of the journal store (format.md), each with the breach that leaves it out.
#pragma once

#include <map>
#include <string>

#include "test/crash/breach.h"

namespace shoal::crash {

const std::map<std::string, MakeBreach>& journal_breaches();  // by the name of the rule

}  // namespace shoal::crash
