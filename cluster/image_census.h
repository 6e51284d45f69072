// ImageCensus: asked before an image is made: which members are in reach now, and the highest image that any of them
// has pages of or has ever heard of. A new volume lies only on members that have answered, under an id above what they
// told; so no store of it holds pages of that id, whatever has become of the metadata.
//
// The answer to ControlKind::highest_image is that number, decimal. Who stops or drains is not asked: its pages would
// have to leave again.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "cluster/members.h"
#include "routing/peer_channel.h"
#include "target/base/completion.h"

namespace shoal::cluster {

inline constexpr Duration kCensusWithin = 2s;

struct Census {
  std::set<MemberId> in_reach;  // this member included, unless it drains
  ImageId highest;
};

class ImageCensus {
 public:
  // `peers` may be null: a single server. What is passed in outlives this.
  ImageCensus(const Members& members, routing::PeerChannel* peers, std::function<ImageId()> highest_here);
  ImageCensus(const ImageCensus&) = delete;

  void take(Completion<Census> done) const;

 private:
  void ask(MemberId member, const std::shared_ptr<Census>& census, Completion<> done) const;

  const Members& members_;
  routing::PeerChannel* peers_;
  std::function<ImageId()> highest_here_;
};

}  // namespace shoal::cluster
