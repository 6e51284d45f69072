#include "routing/store_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "target/base/parse_number.h"

namespace shoal::routing {
namespace {

constexpr std::string_view kFormat = "shoal-file-store";
constexpr std::size_t kNameDigits = 16;

std::optional<std::uint64_t> parse_name(std::string_view name) {
  if (name.size() != kNameDigits) return std::nullopt;
  const auto value = parse_number<std::uint64_t>(name, 16);
  return value && fmt::format("{:016x}", *value) == name ? value : std::nullopt;
}

template <class Id>
std::optional<Id> id_in(const nlohmann::json& json, const char* key) {
  const auto text = json.value(key, nlohmann::json());
  const auto id = text.is_string() ? Id::parse(text.get<std::string>()) : std::nullopt;
  return id && !id->is_zero() ? id : std::nullopt;
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// What a new file system or a creation that was broken off may have left.
bool may_be_in_a_new_folder(const std::string& name) {
  return name == "lost+found" || name == "images" || name == "promises.log" || name.ends_with(".new");
}

std::string encode(const ImageNote& note) {
  return nlohmann::ordered_json{{"page_bytes", note.page_bytes}, {"text", note.text}}.dump() + "\n";
}

std::optional<ImageNote> decode_note(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto page_bytes = json.value("page_bytes", nlohmann::json()), words = json.value("text", nlohmann::json());
  if (!page_bytes.is_number_unsigned() || !words.is_string()) return std::nullopt;
  return ImageNote{page_bytes.get<std::uint32_t>(), words.get<std::string>()};
}

}  // namespace

std::string encode(const StoreIdentity& identity) {
  nlohmann::ordered_json json{{"format", kFormat}, {"version", kStoreFormatVersion}, {"id", identity.id.to_string()}};
  if (identity.group) json["group"] = identity.group->to_string();
  return json.dump() + "\n";
}

Result<StoreIdentity, std::string> decode_store_identity(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat) return "not the identity of a store";
  const auto version = json.value("version", nlohmann::json());
  if (version != kStoreFormatVersion) {
    return fmt::format("format version {}, this build knows {}", version.dump(), kStoreFormatVersion);
  }
  const auto id = id_in<StoreId>(json, "id");
  if (!id) return "no valid id";
  const auto group = id_in<GroupId>(json, "group");
  if (json.contains("group") && !group) return "no valid group";
  return StoreIdentity{*id, group};
}

Result<void, std::string> bind_store_to_group(Runtime& runtime, const std::string& path, const GroupId& group) {
  const std::string file = path + "/store.json";
  const auto text = runtime.read_whole(file);
  if (!text) return fmt::format("{}: cannot be read: {}", file, to_string(text.error()));
  auto identity = decode_store_identity(*text);
  if (!identity) return fmt::format("{}: {}; restore it or empty the folder", file, identity.error());
  if (identity->group == group) return {};
  if (identity->group) {
    return fmt::format(
        "store folder {}: it belongs to group {}, but the metadata are of group {}, where its pages would show up in "
        "other volumes; give an empty folder, or give back the metadata",
        path, *identity->group, group);
  }
  identity->group = group;
  const auto written = runtime.replace_whole(file, encode(*identity));
  if (!written) return fmt::format("{}: cannot be written: {}", file, to_string(written.error()));
  return {};
}

std::string StoreFolder::image_path(ImageId image) const {
  return fmt::format("{}/{:016x}", images_path(), image.value);
}

std::string StoreFolder::page_path(const PageId& page) const {
  return fmt::format("{}/{:016x}", image_path(page.image), page.index.value);
}

std::string StoreFolder::note_path(ImageId image) const { return fmt::format("{}/{:016x}", notes_path(), image.value); }

std::string StoreFolder::error(const std::string& what) const {
  return fmt::format("store folder {}: {}", path_, what);
}

Result<StoreFolder, std::string> StoreFolder::open(Runtime& runtime, const std::string& path) {
  StoreFolder folder(path);
  if (const auto locked = folder.lock(runtime); !locked) return locked.error();
  const auto names = runtime.list_directory(path);
  if (!names) return folder.error(fmt::format("cannot be read: {}", to_string(names.error())));
  const auto opened =
      has(*names, "store.json") ? folder.load(runtime, *names)
      : std::ranges::all_of(*names, may_be_in_a_new_folder)
          ? folder.create(runtime)
          : folder.error("there are files in it, but it is no store (no store.json); give an empty folder");
  if (!opened) return opened.error();
  return folder;
}

Result<void, std::string> StoreFolder::lock(Runtime& runtime) {
  if (const auto made = runtime.make_directories(path_); !made) {
    return error(fmt::format("cannot be made: {}", to_string(made.error())));
  }
  auto lock = runtime.lock_directory(path_);
  if (!lock && lock.error() == FileError::in_use) {
    return error("another process serves this store; stop it or give this member a folder of its own");
  }
  if (!lock) return error(fmt::format("cannot be locked: {}", to_string(lock.error())));
  lock_ = std::move(*lock);
  return {};
}

// store.json is written last: a folder that has it has everything.
Result<void, std::string> StoreFolder::create(Runtime& runtime) {
  const auto failed = [this](FileError why) {
    return error(fmt::format("a new store cannot be made: {}", to_string(why)));
  };
  if (const auto made = runtime.make_directories(images_path()); !made) return failed(made.error());
  const auto images = runtime.list_directory(images_path());
  if (!images) return failed(images.error());
  if (!images->empty())
    return error("there are images in it, but store.json is missing; restore it or empty the folder");
  runtime.random().fill(std::as_writable_bytes(std::span(id_.bytes)));
  is_new_ = true;
  if (const auto made = runtime.replace_whole(promises_path(), ""); !made) return failed(made.error());
  const auto written = runtime.replace_whole(path_ + "/store.json", encode(StoreIdentity{id_, std::nullopt}));
  if (!written) return failed(written.error());
  return {};
}

Result<void, std::string> StoreFolder::load(Runtime& runtime, const std::vector<std::string>& names) {
  const auto text = runtime.read_whole(path_ + "/store.json");
  if (!text) return error(fmt::format("store.json cannot be read: {}", to_string(text.error())));
  const auto identity = decode_store_identity(*text);
  if (!identity)
    return error(fmt::format("store.json is damaged: {}; restore it or empty the folder", identity.error()));
  for (const char* part : {"images", "promises.log"}) {
    if (!has(names, part)) return error(fmt::format("{} is missing; restore it or empty the folder", part));
  }
  id_ = identity->id;
  return {};
}

// What has a page's name and cannot be read is not passed over: its page would read as zeros.
Result<std::vector<StoreFolder::PageFileSize>, std::string> StoreFolder::pages(Runtime& runtime, const Log& log) const {
  std::vector<PageFileSize> pages;
  const auto images = runtime.list_directory(images_path());
  if (!images) return error(fmt::format("images cannot be read: {}", to_string(images.error())));
  for (const std::string& name : *images) {
    const auto image = parse_name(name);
    if (!image) {
      log.warn("store_stray path={}", shoal::quoted(images_path() + "/" + name));
      continue;
    }
    if (const auto added = add_pages(runtime, log, ImageId{*image}, pages); !added) return added.error();
  }
  return pages;
}

Result<void, std::string> StoreFolder::add_pages(Runtime& runtime, const Log& log, ImageId image,
                                                 std::vector<PageFileSize>& pages) const {
  const auto names = runtime.list_directory(image_path(image));
  if (!names) return error(fmt::format("image {} cannot be read: {}", image, to_string(names.error())));
  for (const std::string& name : *names) {
    const auto index = parse_name(name);
    if (!index) {
      log.warn("store_stray path={}", shoal::quoted(image_path(image) + "/" + name));
      continue;
    }
    const PageId page{image, PageIndex{*index}};
    const auto size = runtime.file_size(page_path(page));
    if (!size) return error(fmt::format("page {} of image {}: {}", *index, image, to_string(size.error())));
    if (*size > kMaxPageBytes) return error(fmt::format("page {} of image {} is {} bytes long", *index, image, *size));
    pages.push_back({page, static_cast<std::uint32_t>(*size)});
  }
  return {};
}

// A note that cannot be read is as good as none: it is written again when the image's volume is known.
Result<std::map<ImageId, ImageNote>, std::string> StoreFolder::notes(Runtime& runtime, const Log& log) const {
  std::map<ImageId, ImageNote> notes;
  const auto names = runtime.list_directory(notes_path());
  if (!names && names.error() == FileError::not_found) return notes;
  if (!names) return error(fmt::format("notes cannot be read: {}", to_string(names.error())));
  for (const std::string& name : *names) {
    const auto image = parse_name(name);
    const auto text = runtime.read_whole(notes_path() + "/" + name);
    auto note = image && text ? decode_note(*text) : std::nullopt;
    if (!note) {
      log.warn("store_stray path={}", shoal::quoted(notes_path() + "/" + name));
      continue;
    }
    notes[ImageId{*image}] = std::move(*note);
  }
  return notes;
}

Result<void, FileError> StoreFolder::write_note(Runtime& runtime, ImageId image, const ImageNote& note) const {
  if (const auto made = runtime.make_directories(notes_path()); !made) return made;
  return runtime.replace_whole(note_path(image), encode(note));
}

}  // namespace shoal::routing
