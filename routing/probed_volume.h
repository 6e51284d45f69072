// ProbedVolume: a routed volume as one session uses it: its operations are told to a probe.
#pragma once

#include <memory>
#include <utility>

#include "routing/request_probe.h"
#include "routing/routed_volume.h"

namespace shoal::routing {

class ProbedVolume final : public BlockDevice {
 public:
  ProbedVolume(std::shared_ptr<RoutedVolume> volume, std::shared_ptr<RequestProbe> probe)
      : volume_(std::move(volume)), probe_(std::move(probe)) {}

  std::uint64_t size_blocks() const override { return volume_->size_blocks(); }
  void submit(Operation operation, Completion<IoResult> done) override {
    volume_->submit_probed(std::move(operation), std::move(done), probe_);
  }
  void abort(const AbortSelection& selection, Completion<> done) override {
    volume_->abort(selection, std::move(done));
  }

 private:
  std::shared_ptr<RoutedVolume> volume_;
  std::shared_ptr<RequestProbe> probe_;  // operations keep it, too
};

}  // namespace shoal::routing
