// ImageNotes: tells the stores of a member what the images are that lie on them (PageStore::describe_image). One note
// of an image is on its way at a time; a newer one follows it. A store that is short of something is told again, after
// longer and longer pauses.
//
// The caller guarantees: the stores outlive it, and end before what their completions call.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "routing/page_store.h"
#include "target/base/completion.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class ImageNotes {
 public:
  ImageNotes(Runtime& runtime, Log log) : runtime_(runtime), log_(std::move(log)) {}

  // Completes, perhaps at once, when every one of these stores that is in service has that note or a newer one.
  void keep(ImageId image, const std::vector<PageStore*>& stores, ImageNote note, Completion<> kept);
  // Nobody is told of the image any more: what keep() was given is not called. Completes when nothing is on its way.
  void forget(ImageId image, Completion<> done);

 private:
  struct Wanted {
    ImageNote note;
    std::vector<PageStore*> stores;
    std::vector<Completion<>> kept;
    bool telling = false, changed = false, failed = false;  // changed, failed: since it is telling
    std::vector<Completion<>> forgotten;                    // not empty: it ends when nothing is on its way
    std::unique_ptr<Timer> again;
    Duration pause{};  // before the last time it was told again
  };

  void tell(ImageId image);
  void on_told(ImageId image);
  void end(ImageId image);

  Runtime& runtime_;
  Log log_;
  std::map<ImageId, Wanted> wanted_;
};

}  // namespace shoal::routing
