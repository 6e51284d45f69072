#include "routing/journal_store/check/examiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "routing/journal_store/check/data_check.h"
#include "routing/journal_store/check/space_check.h"
#include "routing/journal_store/check/surrender.h"
#include "routing/journal_store/refusals.h"

namespace shoal::routing::journal {
namespace {

constexpr std::size_t kMostRanges = 1000;  // of a lost journal that are listed one by one

// Before its second checkpoint a store has places that were never written.
bool is_damaged(const SuperblockPlace& place, const Superblock& newest) {
  return !place.found && !(place.blank && newest.checkpoint <= 2);
}

Finding finding_of(const ReplayFault& fault) {
  Finding finding{.kind = Finding::Kind::journal,
                  .byte = byte_of(block_of_ring(fault.block)),
                  .what = fault.words,
                  .meaning = "the store does not start",
                  .remedy = "free memory, and try again"};
  if (fault.kind == ReplayFault::Kind::no_resources) return finding;
  const bool unreadable = fault.kind == ReplayFault::Kind::unreadable;
  finding.remedy = fmt::format(
      "{}; or let shoal-fsck --repair --lose-acknowledged end the journal before that: what was acknowledged behind it "
      "is lost, and reads give what was there before",
      unreadable ? "copy the device to a sound one (ddrescue) and check that" : "give back a backup of the device");
  finding.cure = Cure::lose_acknowledged;
  return finding;
}

std::optional<ImageRange> range_of(const JournalRecord& record, const Catalog& catalog) {
  if (record.blocks == 0) return std::nullopt;
  const auto image = catalog.images.find(record.page.image);
  const std::uint32_t page_bytes = image == catalog.images.end() ? 0 : image->second.page_bytes;
  return ImageRange{.image = record.page.image,
                    .offset = record.page.index.value * page_bytes + std::uint64_t{record.first_block} * kBlock,
                    .length = std::uint64_t{record.blocks} * kBlock,
                    .page_bytes = page_bytes};
}

}  // namespace

void Examiner::fail(const std::string& what) { tell(fmt::format("store {}: {}", options_.path, what)); }
void Examiner::finish() { tell(std::move(examination_)); }

// Not from inside a completion of the device: whoever is told may end it.
void Examiner::tell(Result<std::unique_ptr<Examination>, std::string> result) {
  const auto told = std::make_shared<decltype(result)>(std::move(result));
  runtime_.post([this, alive = std::weak_ptr<void>(alive_), told] {
    if (alive.lock()) std::exchange(done_, nullptr)(std::move(*told));
  });
}

void Examiner::run(DeviceOpen how) {
  auto opened = runtime_.open_device(options_.path, how);
  if (!opened) return tell(cannot_open(opened.error(), options_.path));
  report().path = options_.path;
  report().facts = opened->facts;
  report().device_bytes = opened->bytes;
  read_superblocks(std::move(opened->file));
}

// ---- superblocks ----------------------------------------------------------------------------------------------------

void Examiner::read_superblocks(std::unique_ptr<File> file) {
  beginning_ = aligned_bytes(kSuperblockBytes);
  std::fill_n(beginning_.get(), kSuperblockBytes, std::byte{0});
  if (report().device_bytes < kSuperblockBytes) return fail("it is no store: too short to be one");
  device_ = std::make_unique<Device>(runtime_, std::move(file), options_.path, Log());
  device_->read({}, {beginning_.get(), kSuperblockBytes}, [this](Result<void, StoreError> result) {
    if (!result) return fail("its superblocks cannot be read");
    take_superblocks();
  });
}

void Examiner::take_superblocks() {
  const SuperblockSet set = journal::read_superblocks({beginning_.get(), kSuperblockBytes});
  if (set.newer_format) return fail(kNewerFormat);
  if (!set.newest) return fail("it is no store, or all four of its superblocks are damaged");
  if (set.several_stores) return fail(kSeveralStores);
  report().superblock = *set.newest;
  if (report().device_bytes / kChunkBytes < set.newest->device_chunks) {
    return fail(too_short(report().device_bytes, *set.newest));
  }
  check_places(set);
  examination_->core = std::make_unique<Core>(std::move(device_), set.newest->store, options_.cache_bytes);
  examination_->core->superblock = *set.newest;
  ledger().set_first_seq(set.newest->first_seq);
  usage_.emplace(set.newest->device_chunks, set.newest->journal_chunks);
  read_space();
}

void Examiner::check_places(const SuperblockSet& set) {
  for (const SuperblockPlace& place : set.places) {
    if (!is_damaged(place, *set.newest)) continue;
    report().findings.push_back({.kind = Finding::Kind::superblock,
                                 .byte = byte_of(place.at),
                                 .what = "a copy of the superblock is damaged",
                                 .meaning = "the other copies have what it said; no data are concerned",
                                 .remedy = "the next two checkpoints of the running store write it again, or "
                                           "shoal-fsck --repair",
                                 .cure = Cure::repair});
  }
}

// ---- what the checkpoint has ----------------------------------------------------------------------------------------

void Examiner::read_space() {
  const Superblock& superblock = report().superblock;
  read_array(*examination_->core->device, TreeId::Kind::space, superblock.store, superblock.space,
             superblock.device_chunks, [this](Result<ReadArray, std::string> array) {
               if (array) {
                 claim_nodes(array->levels, Finding::Kind::space_map);
                 map_ = std::move(array->bytes);
                 examination_->core->space.restore(std::move(array->levels));
               } else {
                 report().findings.push_back({.kind = Finding::Kind::space_map,
                                              .what = array.error(),
                                              .meaning = "the store does not start; no data are concerned",
                                              .remedy = "shoal-fsck --repair makes it again from the trees",
                                              .cure = Cure::repair});
               }
               read_catalog();
             });
}

void Examiner::read_catalog() {
  const Superblock& superblock = report().superblock;
  read_array(*examination_->core->device, TreeId::Kind::catalog, superblock.store, superblock.catalog,
             superblock.catalog_bytes,
             [this](Result<ReadArray, std::string> array) { take_catalog(std::move(array)); });
}

void Examiner::take_catalog(Result<ReadArray, std::string> array) {
  std::string fault = array ? "" : array.error();
  if (array) {
    auto catalog = decode_catalog(as_text(std::as_bytes(std::span(array->bytes))));
    if (!catalog) fault = "the catalog cannot be understood";
    if (catalog) ledger().catalog = std::move(*catalog);
  }
  if (!fault.empty()) {
    report().findings.push_back({.kind = Finding::Kind::catalog,
                                 .what = fault,
                                 .meaning = "which images the store has, and where, is not known; it does not start",
                                 .remedy = "nothing here can make it again: give back a backup of the device, or "
                                           "start with a new store and restore the volumes"});
    report().not_checked = {"the trees of the images", "the journal", "data"};
    examination_->understood = false;
    return finish();
  }
  claim_nodes(array->levels, Finding::Kind::catalog);
  examination_->core->catalog.restore(std::move(array->levels));
  check_trees();
}

void Examiner::claim_nodes(const std::vector<std::vector<NodeRef>>& levels, Finding::Kind kind) {
  for (const auto& level : levels) {
    for (const NodeRef& ref : level) {
      if (ref.at.value == 0) continue;
      ++report().checked.nodes;
      if (usage_->add_node(ref.at) == Claim::granted) continue;
      report().findings.push_back({.kind = kind,
                                   .byte = byte_of(ref.at),
                                   .what = "a node lies where something else lies",
                                   .meaning = "one of them may be overwritten by the other",
                                   .remedy = "shoal-fsck --repair writes it elsewhere",
                                   .cure = Cure::repair});
    }
  }
}

void Examiner::check_trees() {
  const auto on_node = [this] {
    ++report().checked.nodes;
    on_progress_(report().checked);
  };
  std::make_shared<TreeCheck>(*examination_->core->device, report().superblock, ledger().catalog, *usage_,
                              report().findings, on_node)
      ->run([this](TreeCounts counts) { take_trees(std::move(counts)); });
}

void Examiner::take_trees(TreeCounts counts) {
  report().given_up = counts.given_up;
  correct_space(counts);
  correct_counts(counts);
  surrender(std::move(counts));
}

void Examiner::correct_space(const TreeCounts& counts) {
  Ledger& ledger = this->ledger();
  const Superblock& superblock = report().superblock;
  ledger.space = map_ ? Space(*map_) : Space(superblock.device_chunks, superblock.journal_chunks);
  if (map_) {
    for (Finding& finding : compare_space(std::as_bytes(std::span(*map_)), *usage_, !counts.lost.empty())) {
      report().findings.push_back(std::move(finding));
    }
  }
  for (std::uint32_t chunk = 0; chunk < usage_->chunks(); ++chunk) {
    ledger.space.correct({chunk}, usage_->uses({chunk}));
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      if ((usage_->nodes({chunk}) >> block & 1) != 0) ledger.space.learn_node({first_block({chunk}).value + block});
    }
  }
  ledger.space.all_nodes_are_learnt();
  const std::uint64_t chunks = std::min<std::uint64_t>(report().device_bytes / kChunkBytes, kMaxDeviceChunks);
  ledger.space.grow(static_cast<std::uint32_t>(chunks));
}

void Examiner::correct_counts(const TreeCounts& counts) {
  for (auto& [id, image] : ledger().catalog.images) {
    const std::uint64_t counted = counts.chunks.at(id);
    if (image.chunks == counted) continue;
    const bool cut =
        std::any_of(counts.lost.begin(), counts.lost.end(), [&](const NodeKey& key) { return key.tree.image == id; });
    if (!cut) {
      report().findings.push_back(
          {.kind = Finding::Kind::chunk_count,
           .range = ImageRange{.image = id, .page_bytes = image.page_bytes},
           .what = fmt::format("the catalog counts {} chunks, its tree has {}", image.chunks, counted),
           .meaning = "a deleted volume would never be forgotten, or too early; no data are concerned",
           .remedy = "shoal-fsck --repair writes what its tree has",
           .cure = Cure::repair});
    }
    image.chunks = counted;
    ledger().catalog_changed = true;
  }
}

void Examiner::surrender(TreeCounts counts) {
  std::make_shared<Surrender>(ledger(), std::move(counts.lost), std::move(counts.homeless))
      ->run([this](Result<void, StoreError> result) {
        if (!result) return fail("a node that could be read before cannot be read any more; try again");
        replay();
      });
}

// ---- the journal ----------------------------------------------------------------------------------------------------

void Examiner::replay() {
  std::make_shared<Replay>(*examination_->core->device, ledger(), report().superblock)
      ->run([this](Result<Replay::Outcome, ReplayFault> outcome) {
        if (!outcome) {
          examination_->fault = outcome.error();
          return on_replay_fault();
        }
        report().frames = outcome->frames;
        report().journal_blocks = ledger().overlay.bytes() / kBlock;
        examination_->end = outcome->end;
        if (outcome->unreadable_blocks > 0) {
          report().not_checked.push_back(
              fmt::format("{} blocks of the journal: the device does not give them, and no frame is missing",
                          outcome->unreadable_blocks));
        }
        check_data();
      });
}

// What the ledger holds then is not what the device has: data cannot be judged by it.
void Examiner::on_replay_fault() {
  const ReplayFault& fault = *examination_->fault;
  report().frames = fault.frames;
  examination_->end = fault.end;
  report().findings.push_back(finding_of(fault));
  if (options_.data) report().not_checked.push_back("data: the journal ends too early");
  const Superblock& superblock = report().superblock;
  const bool of_next_chain = fault.kind == ReplayFault::Kind::superblock_lost;
  find_later_frames(*examination_->core->device, superblock.journal_chunks,
                    of_next_chain ? superblock.next_chain : superblock.chain, of_next_chain ? 0 : fault.end.seq,
                    [this](std::vector<LaterFrame> later) {
                      examination_->later = std::move(later);
                      describe_lost_frames();
                      summarize();
                    });
}

void Examiner::describe_lost_frames() {
  std::size_t ranges = 0;
  for (const LaterFrame& frame : examination_->later) {
    for (const JournalRecord& record : frame.records) {
      const auto range = range_of(record, ledger().catalog);
      if (!range || ++ranges > kMostRanges) continue;
      report().findings.push_back(
          {.kind = Finding::Kind::journal,
           .range = range,
           .what =
               fmt::format("frame {}, where the damage is or behind it, has a change of this range", frame.head.seq),
           .meaning = "the change may have been promised, and is not there",
           .remedy = "it has to come from a copy or a backup",
           .cure = Cure::lose_acknowledged});
    }
  }
  if (ranges > kMostRanges) report().not_checked.push_back(fmt::format("{} more lost changes", ranges - kMostRanges));
}

// ---- data, and the end ----------------------------------------------------------------------------------------------

void Examiner::check_data() {
  if (!options_.data) return summarize();
  std::uint64_t chunks = 0;
  for (const auto& [id, image] : ledger().catalog.images) chunks += image.chunks;
  report().checked.most_blocks = chunks * kBlocksPerChunk;
  const auto on_blocks = [this](std::uint64_t blocks) {
    report().checked.blocks += blocks;
    on_progress_(report().checked);
  };
  std::make_shared<DataCheck>(*examination_->core->device, ledger(), report().findings, on_blocks)->run([this] {
    report().data_checked = true;
    summarize();
  });
}

void Examiner::summarize() {
  for (const auto& [id, image] : ledger().catalog.images) {
    report().images.push_back({id, image.page_bytes, image.dropped, image.chunks * kChunkBytes, image.text});
  }
  const Space& space = ledger().space;
  for (std::uint32_t chunk = 0; chunk < space.chunks(); ++chunk) {
    if (!space.is_free({chunk})) report().used_bytes += kChunkBytes;
  }
  std::stable_sort(report().findings.begin(), report().findings.end(), [](const Finding& a, const Finding& b) {
    const auto order = [](const Finding& finding) {
      const ImageRange range = finding.range.value_or(ImageRange{});
      return std::tuple(finding.kind, range.image, range.offset, finding.byte.value_or(0));
    };
    return order(a) < order(b);
  });
  finish();
}

}  // namespace shoal::routing::journal
