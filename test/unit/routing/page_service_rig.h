// A page service with one image on one store, and requests to it as a story.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "routing/page_service.h"
#include "test/sim/world.h"
#include "test/unit/routing/store_rig.h"

namespace shoal::routing::test {

struct Ask {
  PageRequest request{.page = page_of(7, 0), .length = 4096, .epoch = kFirstEpoch};
  Ask(OperationKind kind, std::uint64_t id) {
    request.kind = kind;
    request.origin = {.nexus = nexus_id(1), .generation = Generation{1}, .id = OperationId{id}};
  }
  Ask& at(std::uint32_t offset, std::uint32_t length = 4096) {
    request.offset = offset;
    request.length = length;
    return *this;
  }
  Ask& on_page(std::uint64_t index) { return request.page.index = PageIndex{index}, *this; }
  Ask& of_image(std::uint64_t image) { return request.page.image = ImageId{image}, *this; }
  Ask& filled_with(int value) { return request.data = filled(request.length, value), *this; }
  Ask& nexus(std::uint8_t number) { return request.origin.nexus = number ? nexus_id(number) : NexusId{}, *this; }
  Ask& generation(std::uint64_t value) { return request.origin.generation = Generation{value}, *this; }
  Ask& lowest_unfinished(std::uint64_t id) { return request.origin.lowest_unfinished = OperationId{id}, *this; }
  Ask& fua() { return request.fua = true, *this; }
};

inline Ask read(std::uint64_t id) { return {OperationKind::read, id}; }
inline Ask write(std::uint64_t id, int value = 'a') { return Ask(OperationKind::write, id).filled_with(value); }
inline Ask flush(std::uint64_t id) { return {OperationKind::flush, id}; }

template <class Store>
struct ServiceRig {
  template <class... Args>
  explicit ServiceRig(std::size_t shards, Args&&... args) {
    std::vector<std::unique_ptr<PageStore>> stores;
    auto owned = std::make_unique<Store>(std::forward<Args>(args)...);
    store = owned.get();
    stores.push_back(std::move(owned));
    service = std::make_unique<PageService>(host.runtime(), shards, std::move(stores), PageServiceLimits{}, Log());
    set_map();
  }
  ServiceRig() : ServiceRig(1) {}

  void set_map(std::uint64_t pages = 16, DurabilityPolicy durability = DurabilityPolicy::writeback) {
    service->set_map(PageMap::make(Image{.id = ImageId{7},
                                         .size_bytes = pages * kMinPageBytes,
                                         .page_bytes = kMinPageBytes,
                                         .durability = durability,
                                         .placement = {.stores = {store->id()}}}));
  }
  Answer<PageResult> ask(Ask ask, bool peer = false) {
    Answer<PageResult> answer;
    if (ask.request.store.is_zero()) ask.request.store = store->id();
    PageEndpoint& endpoint = peer ? service->for_peers() : *service;
    endpoint.submit(std::move(ask.request), answer.taker());
    return answer;
  }
  Answer<PageStatus> fence(std::uint64_t generation, std::uint8_t nexus = 1) {
    Answer<PageStatus> answer;
    service->fence({ImageId{7}, nexus_id(nexus), Generation{generation}}, answer.taker());
    return answer;
  }
  std::shared_ptr<bool> abort(AbortSelection selection) {
    auto done = std::make_shared<bool>(false);
    service->abort(ImageId{7}, selection, [done] { *done = true; });
    return done;
  }
  std::shared_ptr<bool> drop() {
    auto done = std::make_shared<bool>(false);
    service->drop_image(ImageId{7}, [done] { *done = true; });
    return done;
  }
  void settle() { world.run_for(1s); }

  sim::World world{1};
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  Store* store = nullptr;
  std::unique_ptr<PageService> service;
};

inline PageStatus status(const Answer<PageResult>& answer) { return answer.get().status; }

}  // namespace shoal::routing::test
