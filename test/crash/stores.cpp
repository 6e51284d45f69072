#include "test/crash/stores.h"

#include <array>
#include <functional>
#include <map>
#include <stdexcept>

#include "routing/journal_store/check/store_check.h"
#include "routing/journal_store/geometry.h"
#include "routing/journal_store/journal_store.h"
#include "routing/journal_store/node.h"
#include "test/crash/journal_breaches.h"
#include "test/crash/log_store.h"

namespace shoal::crash {
namespace {

using Maker = std::function<StoreDriver(const std::string& left_out)>;

template <class Rule>
Rule find_rule(const std::map<std::string, Rule>& rules, const std::string& name) {
  const auto found = rules.find(name);
  if (found == rules.end()) throw std::invalid_argument("the store has no rule " + name);
  return found->second;
}

StoreDriver make_log_store(const std::string& left_out) {
  static const std::map<std::string, LogRule> rules{{"", LogRule::none},
                                                    {"durable-writes", LogRule::durable_writes},
                                                    {"late-answers", LogRule::late_answers},
                                                    {"checksums", LogRule::checksums},
                                                    {"chain", LogRule::chain},
                                                    {"one-at-a-time", LogRule::one_at_a_time},
                                                    {"logged-promises", LogRule::logged_promises},
                                                    {"logged-voids", LogRule::logged_voids},
                                                    {"read-errors", LogRule::read_errors}};
  return log_store(find_rule(rules, left_out));
}

// As small as it can be, so that the journal wraps and nothing of a workload fits into memory by chance.
routing::JournalStoreConfig journal_config() {
  return {.path = "/store",
          .capacity_bytes = 8u << 20,
          .journal_bytes = 1u << 20,
          .cache_bytes = 256u << 10,
          .grow_bytes = 1u << 20};
}

StoreDriver::Region journal_region(const DiskImage& disk, std::uint64_t offset) {
  using namespace routing::journal;
  if (offset < byte_of(kJournalChunk)) return {"superblocks", true};
  if (offset < byte_of(kJournalChunk) + journal_config().journal_bytes) return {"journal"};
  std::array<std::byte, kBlock> block{};
  disk.read(offset - offset % kBlock, block);
  const auto node = node_header(block);
  if (!node) return {"data"};
  return {node->key.tree.kind == TreeId::Kind::chunks ? "metadata" : "checkpoint"};
}

// A copy of the superblock may be torn where a checkpoint was broken off; the next two write it again.
std::shared_ptr<void> check_journal_store(Runtime& runtime, StoreDriver::Checked done) {
  using namespace routing::journal;
  const auto config = journal_config();
  return check_store(
      runtime, {.path = config.path, .data = true, .cache_bytes = config.cache_bytes}, [](const CheckProgress&) {},
      [done = std::move(done)](Result<CheckReport, std::string> report) mutable {
        if (!report) return done({report.error()});
        std::vector<std::string> found;
        for (const Finding& finding : report->findings) {
          if (finding.kind != Finding::Kind::superblock) found.push_back(describe(finding));
        }
        done(std::move(found));
      });
}

StoreDriver make_journal_store(const std::string& left_out) {
  const auto open = [](Runtime& runtime, StoreDriver::Opened done) {
    return routing::JournalStore::open(runtime, journal_config(), Log(), [done = std::move(done)](auto opened) mutable {
      if (!opened) return done(opened.error());
      done(std::unique_ptr<routing::PageStore>(std::move(*opened)));
    });
  };
  const auto close = [](routing::PageStore& store, routing::PageStore::Done done) {
    static_cast<routing::JournalStore&>(store).close(std::move(done));
  };
  StoreDriver driver{.open = open, .close = close, .check = check_journal_store, .region = journal_region};
  if (!left_out.empty()) driver.breach = find_rule(journal_breaches(), left_out);
  return driver;
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all{{"journal", make_journal_store}, {"log", make_log_store}};
  return all;
}

}  // namespace

std::vector<std::string> store_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

StoreDriver make_store(const std::string& name, const std::string& left_out) {
  const auto found = makers().find(name);
  if (found == makers().end()) throw std::invalid_argument("no store " + name);
  return found->second(left_out);
}

}  // namespace shoal::crash
