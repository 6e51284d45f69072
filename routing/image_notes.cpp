#include "routing/image_notes.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/countdown.h"

namespace shoal::routing {
namespace {

constexpr Duration kTellAgain = 1s;   // and then after twice as long each time
constexpr Duration kMostPause = 64s;  // a full catalog stays full for long

bool lacks(const PageStore& store, ImageId image, const ImageNote& note) {
  return store.state().in_service && store.image_note(image) != note;
}

}  // namespace

void ImageNotes::keep(ImageId image, const std::vector<PageStore*>& stores, ImageNote note, Completion<> kept) {
  CHECK(note.text.size() <= kMaxImageNoteBytes, image, note.text.size());
  Wanted& wanted = wanted_[image];
  CHECK(wanted.forgotten.empty(), image);
  wanted.note = std::move(note);
  wanted.stores = stores;
  wanted.kept.push_back(std::move(kept));
  wanted.changed = true;
  if (!wanted.telling) tell(image);
}

void ImageNotes::tell(ImageId image) {
  Wanted& wanted = wanted_.at(image);
  wanted.telling = true;
  wanted.changed = wanted.failed = false;
  wanted.again.reset();
  const Countdown told([this, image] { on_told(image); });
  auto own_part = told.part();
  const ImageNote note = wanted.note;
  for (PageStore* store : std::vector(wanted.stores)) {
    if (!lacks(*store, image, note)) continue;
    store->describe_image(image, note,
                          [this, image, store, part = told.part()](Result<void, StoreError> result) mutable {
                            const bool short_of_something = !result && result.error() != StoreError::out_of_service;
                            if (short_of_something) {
                              log_.warn("image_not_described image={} store={} error={}", image, store->id(),
                                        quoted(to_string(result.error())));
                              wanted_.at(image).failed = true;
                            }
                            part();
                          });
  }
  own_part();
}

void ImageNotes::on_told(ImageId image) {
  Wanted& wanted = wanted_.at(image);
  wanted.telling = false;
  if (!wanted.forgotten.empty()) return end(image);
  if (wanted.changed) {
    wanted.pause = {};
    return tell(image);
  }
  if (wanted.failed) {
    wanted.pause = std::clamp(2 * wanted.pause, kTellAgain, kMostPause);
    wanted.again = runtime_.after(wanted.pause, [this, image] { tell(image); });
    return;
  }
  auto kept = std::move(wanted.kept);
  wanted_.erase(image);
  for (auto& each : kept) each();
}

void ImageNotes::forget(ImageId image, Completion<> done) {
  const auto found = wanted_.find(image);
  if (found == wanted_.end()) return done();
  found->second.forgotten.push_back(std::move(done));
  if (!found->second.telling) end(image);
}

void ImageNotes::end(ImageId image) {
  auto ended = wanted_.extract(image);
  for (auto& each : ended.mapped().forgotten) each();
}

}  // namespace shoal::routing
