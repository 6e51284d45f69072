// A group of members as far as routing goes: memory stores, page services, links and routers, in one simulated world.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "routing/memory_store.h"
#include "routing/page_service.h"
#include "routing/page_service_adapter.h"
#include "routing/peer_transport.h"
#include "routing/router.h"
#include "test/sim/world.h"
#include "test/unit/routing/routing_builders.h"

namespace shoal::routing::test {

class RoutedMember {
 public:
  RoutedMember(sim::World& world, std::uint8_t number)
      : host(world.add_host(fmt::format("m{}", number), {fmt::format("10.0.0.{}", number)})),
        id{number},
        address{host.addresses().front(), 7000},
        random_(number),
        service(host.runtime(), 1, make_stores(), {}, Log()),
        pages_(service),
        transport(host.runtime(), identity(), pages_, Log()),
        router(host.runtime(), id, pages_, &transport, Log()) {
    REQUIRE(transport.listen(address).has_value());
  }

  StoreId store() const { return service.stores().front()->id(); }
  void open(const PageMap::Snapshot& map) {
    service.set_map(map);
    volume = router.open(map);
  }

 private:
  std::vector<std::unique_ptr<PageStore>> make_stores() {
    std::vector<std::unique_ptr<PageStore>> stores;
    stores.push_back(std::make_unique<MemoryStore>(random_));
    return stores;
  }
  LinkIdentity identity() const {
    return {.member = id, .incarnation = 1, .stores = {store()}, .group = "demo", .key = "a key that the group shares"};
  }

 public:
  sim::Host& host;
  MemberId id;
  Endpoint address;

 private:
  SeededRandom random_;

 public:
  PageService service;

 private:
  PageServiceAdapter pages_;

 public:
  PeerTransport transport;
  Router router;
  std::shared_ptr<RoutedVolume> volume;
};

// One image, striped: page i lies at member i modulo their number.
struct RoutedGroup {
  static constexpr std::uint64_t kPageBlocks = kMinPageBytes / kBlockBytes;

  explicit RoutedGroup(std::uint8_t count, std::uint64_t seed = 1, std::uint64_t pages = 6) : world(seed) {
    Image image{.id = ImageId{7}, .size_bytes = pages * kMinPageBytes, .page_bytes = kMinPageBytes};
    auto directory = std::make_shared<StoreDirectory>();
    std::vector<PeerAddress> addresses;
    for (std::uint8_t i = 1; i <= count; ++i) {
      RoutedMember& member = *members.emplace_back(std::make_unique<RoutedMember>(world, i));
      image.placement.stores.push_back(member.store());
      directory->serving[member.store()] = member.id;
      addresses.push_back({member.id, member.address});
    }
    for (const auto& member : members) {
      member->open(PageMap::make(image));
      member->router.set_directory(directory);
      member->transport.update_members(addresses);
    }
    REQUIRE(world.run_until([this] { return connected(); }, 5s));
  }

  bool connected() const {
    for (const auto& a : members) {
      for (const auto& b : members) {
        if (a != b && !a->transport.connected(b->id)) return false;
      }
    }
    return true;
  }

  sim::World world;
  std::vector<std::unique_ptr<RoutedMember>> members;
};

}  // namespace shoal::routing::test
