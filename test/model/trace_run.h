// What two well-known kinds of hosts send, step by step, each host at another member. Not recordings: sequences made
// after what is known of those hosts.
#pragma once

#include <string>
#include <vector>

#include "test/model/journal.h"

namespace model {

// A hypervisor's cluster file system: identification, locks by COMPARE AND WRITE and by RESERVE(6), zeroing, cloning,
// reclaiming. Needs two URLs or more.
void play_hypervisor(const std::vector<std::string>& urls, std::uint64_t page_blocks, Journal& journal);

// A failover cluster: a disk is owned by persistent reservation, defended, taken over, moved. Needs three URLs.
void play_failover_cluster(const std::vector<std::string>& urls, Journal& journal);

}  // namespace model
