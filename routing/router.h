// Router: what all routed volumes of a member share. It knows the local pages, the links, and which member serves which
// store, and ticks while any volume holds a page for a silent owner.
//
// The caller guarantees: local pages and links outlive the router. Operations that are in progress when it is destroyed
// are not answered any more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "routing/local_pages.h"
#include "routing/page_map.h"
#include "routing/peer_links.h"
#include "routing/routed_volume.h"
#include "routing/store_directory.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

struct RouterLimits {
  Duration page_hold = 7s;   // from Origin::issued_at, of a mutation; below kMaxOperationAge
  Duration settle = 2500ms;  // kLinkSilence and a margin for clocks: after it a broken link delivers nothing more
  Duration tick = 200ms;     // while something is held
  Duration max_age = 8s;     // what is older is not started: ghost rule (d)
  std::uint32_t parts_in_flight = 64;  // of one operation
};

struct FenceReport {
  PageStatus local = PageStatus::ok;
  std::vector<MemberFence> peers;
  bool all_confirmed() const;
};

class Router final : private PeerLinks::Listener {
 public:
  // `links` may be null: a single server.
  Router(Runtime& runtime, MemberId self, LocalPages& pages, PeerLinks* links, Log log, RouterLimits limits = {});
  ~Router() override;
  Router(const Router&) = delete;

  // A volume of that image. It keeps its operations alive by itself; set_map() on it when the map changes.
  std::shared_ptr<RoutedVolume> open(PageMap::Snapshot map);
  // Before the first one, pages on stores of other members are waited for.
  void set_directory(StoreDirectory::Snapshot directory);
  // Called when an owner answered wrong_store: map or directory may be old. At most once a tick for an image.
  void on_stale_map(std::function<void(ImageId)> refresh) { refresh_ = std::move(refresh); }

  // Refuses older generations at every owner of the image: here, and at the members that serve its stores (every
  // member, where the image is not open here). Who cannot be reached learns it first when its link returns. Without a
  // directory nobody knows whom to tell: the report then says that member 0 failed.
  void fence(const Fence& fence, Duration within, Completion<FenceReport> done);

 private:
  friend class RoutedVolume;
  struct Local {};
  struct Lost {};
  struct Unknown {};  // no directory yet
  using Where = std::variant<Local, MemberId, Lost, Unknown>;

  void on_link_up(MemberId member) override;
  Where where(const StoreId& store) const;
  std::string why_lost(const StoreId& store) const;
  void stale_map(ImageId image);
  void arm();     // something waits
  void review();  // what waits, of all volumes
  std::vector<MemberId> owners_of(ImageId image);
  std::vector<std::shared_ptr<RoutedVolume>> open_volumes();

  Runtime& runtime_;
  MemberId self_;
  LocalPages& pages_;
  PeerLinks* links_;
  Log log_;
  RouterLimits limits_;
  StoreDirectory::Snapshot directory_;
  std::function<void(ImageId)> refresh_;
  std::map<ImageId, std::vector<std::weak_ptr<RoutedVolume>>> volumes_;
  std::map<ImageId, Time> refreshed_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace shoal::routing
