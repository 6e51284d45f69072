// LastRecord: this member's record as its last start has left it, read before this start touches anything.
#pragma once

#include <memory>
#include <optional>

#include "cluster/members.h"

namespace shoal::cluster {

class LastRecord {
 public:
  LastRecord(Runtime& runtime, MetaStore& meta, MemberId self);
  ~LastRecord();
  LastRecord(const LastRecord&) = delete;

  // The record as it holds now, proven and not only read; nullopt: there is none, or none of this version. While
  // metadata are out of reach it tries again.
  void read(Completion<std::optional<MemberRecord>> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster
