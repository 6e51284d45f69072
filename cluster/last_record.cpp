#include "cluster/last_record.h"

#include <utility>

#include "cluster/meta_calls.h"

namespace shoal::cluster {

struct LastRecord::Impl {
  Impl(Runtime& runtime, MetaStore& meta, MemberId self) : key(member_key(self)), calls(runtime, meta) {}

  void read() {
    calls.read(key, [this](const std::optional<Entry>& found) {
      calls.verify({{key, found ? found->revision : 0}}, [this, found](bool holds) {
        if (!holds) return calls.pause(back_off, [this] { read(); });
        std::exchange(done, {})(found ? decode_member(found->value) : std::nullopt);
      });
    });
  }

  std::string key;
  Completion<std::optional<MemberRecord>> done;
  BackOff back_off;
  MetaCalls calls;
};

LastRecord::LastRecord(Runtime& runtime, MetaStore& meta, MemberId self)
    : impl_(std::make_shared<Impl>(runtime, meta, self)) {}
LastRecord::~LastRecord() = default;

void LastRecord::read(Completion<std::optional<MemberRecord>> done) {
  impl_->done = std::move(done);
  impl_->read();
}

}  // namespace shoal::cluster
