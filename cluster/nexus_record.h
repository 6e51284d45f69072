// NexusRecord and ImageGate: what the metadata say about sessions. Values, their JSON, and the rules of a claim;
// nothing waits here.
//
// /s/<image, 16 hex digits>                                             gate of an image, made with its volume
// /s/<image>/<portal group>/<initiator, escaped>/<isid, 12 hex digits>  who holds the nexus; while it moves, also what
//                                                                       its host has not been told yet
//
// The gate counts the records of its image: every compare-and-swap that makes or removes a record changes the count
// with it. So a volume is deleted by one compare-and-swap that expects a gate with count 0, and a first login that
// expects the same gate: both can not win, and nobody decides on a listing. The gate also keeps the highest epoch of
// all records that were removed. A new record begins above it, so no generation of a nexus is ever used twice although
// records go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "target/base/ids.h"
#include "target/ports/session_registry.h"

namespace shoal::cluster {

struct NexusRecord {
  NexusName name;                 // in the key
  MemberId member;                // 0: released on purpose (session drop, move): the next login is placed anew
  MemberId not_at;                // with member 0: it is placed elsewhere, while another member is ready
  std::uint32_t epoch = 0;        // counts up with every change of holder or of its incarnation
  std::uint64_t incarnation = 0;  // of the holder when it wrote this
  std::uint64_t token = 0;        // random, of one attempt: a writer that lost the answer knows its own write again
  MemberId place_at;              // with member 0: that member keeps a place for it; 0: nobody does
  std::optional<NexusMemory> memory = {};  // with member 0: of the session that moves
  bool operator==(const NexusRecord&) const = default;
};

struct ImageGate {
  std::uint64_t records = 0;
  std::uint32_t highest_removed = 0;  // epoch
  std::uint64_t token = 0;            // of the last writer
  bool operator==(const ImageGate&) const = default;
};

// Of the same host to the same volume: it may come back with another ISID.
bool of_same_host(const NexusName& a, const NexusName& b);

// Whatever an initiator calls itself, as one part of a key: other bytes than a-z, 0-9, '.', '-', ':', '_' as %xx.
std::string escape(std::string_view name);
std::optional<std::string> unescape(std::string_view text);

inline constexpr std::string_view kSessionsPrefix = "/s/";
std::string gate_key(ImageId image);
std::string nexus_key(const NexusName& name);
std::optional<ImageId> gate_of_key(std::string_view key);     // nullopt: not the key of a gate
std::optional<NexusName> nexus_of_key(std::string_view key);  // nullopt: not the key of a nexus

std::string encode(const NexusRecord& record);  // JSON, without the name
std::optional<NexusRecord> decode_nexus(std::string_view key, std::string_view text);
inline constexpr std::size_t kMaxRemembered = 64;  // attentions, of one nexus
std::string encode(const NexusMemory& memory);
std::optional<NexusMemory> decode_memory(std::string_view text);
std::string encode(const ImageGate& gate);
std::optional<ImageGate> decode_gate(std::string_view text);

constexpr Generation generation_of(std::uint32_t epoch, std::uint32_t local) {
  return Generation{std::uint64_t{epoch} << 32 | local};
}
constexpr std::uint32_t epoch_of(Generation generation) { return static_cast<std::uint32_t>(generation.value >> 32); }

// Unique for an initiator and a target in the group: ten bits of the member, six that count its sessions. Counts go to
// 62, so neither 0 nor 0xffff (which is for discovery) is ever given.
inline constexpr std::uint16_t kTsihsPerMember = 63;
constexpr std::uint16_t tsih_of(MemberId member, std::uint16_t count) {
  return static_cast<std::uint16_t>((member.value & 0x3ff) << 6 | count % kTsihsPerMember);
}

// What a claim does, by what it found.
struct Claimant {
  MemberId member;
  std::uint64_t incarnation = 0;
  std::uint64_t token = 0;
};
enum class Expel {
  nobody,  // nothing of older generations can be in flight
  holder,  // the old holder is asked to end its session
  owners,  // the old holder was this member before it restarted: the owners are fenced
};
struct ClaimPlan {
  NexusRecord record;             // to write
  std::optional<ImageGate> gate;  // to write with it: a record is made
  Expel expel = Expel::nobody;
  MemberId holder;                         // to ask
  std::optional<NexusMemory> memory = {};  // that came with the record
};
// nullopt: the image is gone.
std::optional<ClaimPlan> plan_claim(const NexusName& name, const std::optional<NexusRecord>& found,
                                    const std::optional<ImageGate>& gate, const Claimant& claimant);

// The gate that is written with the removal of that record.
ImageGate gate_after_removal(const NexusRecord& record, ImageGate gate, std::uint64_t token);

}  // namespace shoal::cluster
