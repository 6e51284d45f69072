// PageServiceAdapter: a PageService as LocalPages.
#pragma once

#include <utility>

#include "routing/local_pages.h"
#include "routing/page_service.h"

namespace shoal::routing {

class PageServiceAdapter final : public LocalPages {
 public:
  explicit PageServiceAdapter(PageService& service) : service_(service) {}
  PageEndpoint& for_sessions() override { return service_; }
  PageEndpoint& for_peers() override { return service_.for_peers(); }
  void fence(const Fence& fence, Completion<PageStatus> done) override { service_.fence(fence, std::move(done)); }
  void abort(ImageId image, const AbortSelection& selection, Completion<> done) override {
    service_.abort(image, selection, std::move(done));
  }

 private:
  PageService& service_;
};

}  // namespace shoal::routing
