// SeenSessions: what the metadata were seen to say about sessions, from listings, from own writes, and from what other
// members told. Hints, good enough to compose a compare-and-swap from. Nothing gives way to something older: a listing
// that was under way while a member told of a move does not undo it.
#pragma once

#include <cstdint>
#include <map>

#include "cluster/followed_listing.h"
#include "cluster/nexus_record.h"

namespace shoal::cluster {

template <class T>
struct Seen {
  T value;
  std::uint64_t revision = 0;
};

class SeenSessions {
 public:
  using Records = std::map<NexusName, Seen<NexusRecord>>;

  const Records& records() const { return records_; }
  const Seen<NexusRecord>* record(const NexusName& name) const;
  const Seen<ImageGate>* gate(ImageId image) const;

  void learn(const Seen<NexusRecord>& record);
  void learn(ImageId image, const Seen<ImageGate>& gate);
  void learn(const ListedPicture& picture);  // complete: what it does not have is gone, unless it is newer
  void forget(const NexusName& name);        // its record is gone, or not what was seen
  void doubt(ImageId image);                 // its gate is not what was seen

 private:
  Records records_;
  std::map<ImageId, Seen<ImageGate>> gates_;
};

}  // namespace shoal::cluster
