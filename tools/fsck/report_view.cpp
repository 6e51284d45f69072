#include "tools/fsck/report_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/log.h"
#include "tools/node/config.h"

namespace shoal {

using nlohmann::json;
using namespace routing::journal;

namespace {

constexpr std::size_t kNoteBytes = 100;  // of a note that are shown

std::string group_words(const GroupId& group) {
  return group.is_zero() ? "it has served no group yet" : fmt::format("of group {}", group);
}

std::string shortened(const std::string& note) {
  return shoal::quoted(note.size() <= kNoteBytes ? note : note.substr(0, kNoteBytes) + "...");
}

std::string image_line(const CheckedImage& image) {
  return fmt::format("  image {}: {} allocated, pages of {}{}, note {}\n", image.id, format_size(image.allocated_bytes),
                     format_size(image.page_bytes), image.dropped ? ", deleted" : "", shortened(image.note));
}

std::string checked_line(const CheckReport& report) {
  const std::string data =
      report.data_checked
          ? fmt::format("{} blocks of data, {} more in the journal", report.checked.blocks, report.journal_blocks)
          : std::string("data were not read (--data reads every block that was written)");
  return fmt::format("checked: 4 superblocks, {} nodes, {} frames of the journal; {}\n", report.checked.nodes,
                     report.frames, data);
}

std::string range_line(const ImageRange& range) {
  const Finding place{.range = range};
  return "lost since an earlier repair, a medium error until it is written again: " + place_of(place) + "\n";
}

json range_json(const ImageRange& range) {
  json view = {{"image", range.image.value}, {"image_offset", range.offset}, {"length", range.length}};
  if (range.page_bytes == 0) return view;
  view["page"] = range.offset / range.page_bytes;
  view["offset"] = range.offset % range.page_bytes;
  return view;
}

json finding_json(const Finding& finding) {
  json view = {{"kind", to_string(finding.kind)},
               {"what", finding.what},
               {"meaning", finding.meaning},
               {"remedy", finding.remedy},
               {"cure", to_string(finding.cure)}};
  if (finding.byte) view["byte"] = *finding.byte;
  if (finding.range) view.update(range_json(*finding.range));
  return view;
}

}  // namespace

std::string view_report(const CheckReport& report) {
  std::string text =
      fmt::format("{}: store {}, {}\n", report.path, report.superblock.store, group_words(report.superblock.group));
  text += fmt::format("  {}; {}, {} in use; checkpoint {}, journal of {}\n", describe(report.facts),
                      format_size(report.device_bytes), format_size(report.used_bytes), report.superblock.checkpoint,
                      format_size(std::uint64_t{report.superblock.journal_chunks} * routing::kChunkBytes));
  for (const CheckedImage& image : report.images) text += image_line(image);
  text += checked_line(report);
  for (const std::string& part : report.not_checked) text += "not checked: " + part + "\n";
  for (const ImageRange& range : report.given_up) text += range_line(range);
  for (const Finding& finding : report.findings) text += describe(finding) + "\n";
  text += report.findings.empty() ? "clean\n" : fmt::format("{} findings\n", report.findings.size());
  return text;
}

json report_json(const CheckReport& report) {
  json images = json::array(), findings = json::array(), given_up = json::array();
  for (const ImageRange& range : report.given_up) given_up.push_back(range_json(range));
  for (const CheckedImage& image : report.images) {
    images.push_back({{"id", image.id.value},
                      {"page_bytes", image.page_bytes},
                      {"deleted", image.dropped},
                      {"allocated_bytes", image.allocated_bytes},
                      {"note", image.note}});
  }
  for (const Finding& finding : report.findings) findings.push_back(finding_json(finding));
  return {{"path", report.path},
          {"store", report.superblock.store.to_string()},
          {"group", report.superblock.group.to_string()},
          {"checkpoint", report.superblock.checkpoint},
          {"size_bytes", report.device_bytes},
          {"used_bytes", report.used_bytes},
          {"journal_bytes", std::uint64_t{report.superblock.journal_chunks} * routing::kChunkBytes},
          {"images", images},
          {"nodes", report.checked.nodes},
          {"frames", report.frames},
          {"data_checked", report.data_checked},
          {"data_blocks", report.checked.blocks},
          {"journal_data_blocks", report.journal_blocks},
          {"not_checked", report.not_checked},
          {"lost_earlier", given_up},
          {"findings", findings},
          {"clean", report.findings.empty()}};
}

std::string view_repair(const RepairReport& report) {
  if (report.written) return "repaired; once more, as it is now:\n";
  return report.obstacle.empty() ? "nothing to repair\n" : "not repaired: " + report.obstacle + "\n";
}

std::string view_cures(const std::vector<Finding>& findings) {
  const auto count = [&](Cure cure) {
    return std::count_if(findings.begin(), findings.end(), [&](const Finding& each) { return each.cure == cure; });
  };
  std::string text;
  if (const auto mended = count(Cure::repair); mended > 0) text += fmt::format("--repair mends {} of them\n", mended);
  if (const auto lost = count(Cure::lose_acknowledged); lost > 0) {
    text += fmt::format("--repair --lose-acknowledged ends {} of them, and what they speak of is lost\n", lost);
  }
  return text;
}

std::string view_progress(const CheckProgress& progress, double seconds) {
  std::string text = fmt::format("{} nodes", progress.nodes);
  if (progress.most_blocks == 0) return text;
  const auto bytes = [](std::uint64_t blocks) { return blocks * kBlock; };
  const double rate = seconds > 0 ? static_cast<double>(bytes(progress.blocks)) / seconds : 0;
  return fmt::format("{}, {} of at most {} of data, {}/s", text, format_size(bytes(progress.blocks)),
                     format_size(bytes(progress.most_blocks)), format_size(static_cast<std::uint64_t>(rate)));
}

}  // namespace shoal
