#include "cluster/seen_sessions.h"

#include <utility>

namespace shoal::cluster {
namespace {

template <class Map, class Key>
const typename Map::mapped_type* find_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

template <class Map, class Key, class Value>
void keep_newer(Map& map, const Key& key, const Value& value) {
  const auto [known, is_new] = map.emplace(key, value);
  if (!is_new && known->second.revision < value.revision) known->second = value;
}

template <class Map>
void keep_what_is_above(std::uint64_t revision, const Map& from, Map& to) {
  for (const auto& [key, value] : from) {
    if (value.revision > revision) keep_newer(to, key, value);
  }
}

}  // namespace

const Seen<NexusRecord>* SeenSessions::record(const NexusName& name) const { return find_in(records_, name); }
const Seen<ImageGate>* SeenSessions::gate(ImageId image) const { return find_in(gates_, image); }

void SeenSessions::learn(const Seen<NexusRecord>& record) { keep_newer(records_, record.value.name, record); }
void SeenSessions::learn(ImageId image, const Seen<ImageGate>& gate) { keep_newer(gates_, image, gate); }

void SeenSessions::learn(const ListedPicture& picture) {
  const Records records = std::exchange(records_, {});
  const auto gates = std::exchange(gates_, {});
  for (const Entry& entry : picture.entries) {
    if (const auto image = gate_of_key(entry.key)) {
      if (const auto gate = decode_gate(entry.value)) learn(*image, {*gate, entry.revision});
    } else if (auto record = decode_nexus(entry.key, entry.value)) {
      learn({std::move(*record), entry.revision});
    }
  }
  keep_what_is_above(picture.revision, records, records_);
  keep_what_is_above(picture.revision, gates, gates_);
}

void SeenSessions::forget(const NexusName& name) { records_.erase(name); }
void SeenSessions::doubt(ImageId image) { gates_.erase(image); }

}  // namespace shoal::cluster
