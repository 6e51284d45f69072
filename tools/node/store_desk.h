// StoreDesk: what a member says of its page store, and its orders about scrubs; whoever is asked passes them on to the
// member that is meant.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "routing/journal_store/journal_store.h"
#include "routing/peer_channel.h"
#include "routing/scrubber.h"
#include "tools/node/control_views.h"
#include "tools/node/units.h"

namespace shoal {

enum class StoreOrder : std::uint8_t { show, scrub_start, scrub_pause, scrub_resume };
// "show", "start", "pause", "resume"
std::optional<StoreOrder> store_order_of(const std::string& word);
const char* word_of(StoreOrder order);
Result<StoreOrder, std::string> parse_scrub_order(const std::string& body);  // {"order": "start"}

class StoreDesk : public std::enable_shared_from_this<StoreDesk> {
 public:
  // `store` and `scrubber` null: memory only. `peers` null: a single server. All of it outlives this, or nothing is
  // called any more.
  StoreDesk(Runtime& runtime, const cluster::Members& members, const routing::JournalStore* store,
            std::shared_ptr<routing::Scrubber> scrubber, const Units& units, routing::PeerChannel* peers)
      : runtime_(runtime),
        members_(members),
        store_(store),
        scrubber_(std::move(scrubber)),
        units_(units),
        peers_(peers) {}

  void serve_peers();
  void ask(MemberId member, StoreOrder order, Completion<ControlResponse> done);

 private:
  ControlResponse carry_out(StoreOrder order);
  nlohmann::json store_view() const;
  nlohmann::json images_view() const;

  Runtime& runtime_;
  const cluster::Members& members_;
  const routing::JournalStore* store_;
  std::shared_ptr<routing::Scrubber> scrubber_;
  const Units& units_;
  routing::PeerChannel* peers_;
};

}  // namespace shoal
