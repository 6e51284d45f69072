#include "routing/store_folder.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/file_store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

const std::string kFolder = "/data/store";

GroupId group(std::uint8_t number) {
  GroupId id;
  id.bytes[15] = number;
  return id;
}

// "" or what is wrong.
std::string bind(FileStoreRig& rig, const GroupId& to) {
  const auto bound = bind_store_to_group(*rig.runtime, kFolder, to);
  return bound ? "" : bound.error();
}

}  // namespace

TEST_CASE("a store's identity survives its text, with the group and without") {
  StoreIdentity identity;
  identity.id.bytes[3] = 7;
  CHECK(*decode_store_identity(encode(identity)) == identity);
  identity.group = group(1);
  CHECK(*decode_store_identity(encode(identity)) == identity);
  for (const char* wrong : {R"("")", "7", "null", R"("00000000-0000-0000-0000-000000000000")"}) {
    std::string text = encode(identity);
    const std::string quoted = '"' + identity.group->to_string() + '"';
    text.replace(text.find(quoted), quoted.size(), wrong);
    CHECK_FALSE(decode_store_identity(text).has_value());
  }
}

TEST_CASE("a store serves the first group that it was in, and no other") {
  FileStoreRig rig;
  rig.open();
  const StoreId id = rig.store->id();
  CHECK(bind(rig, group(1)).empty());
  CHECK(bind(rig, group(1)).empty());
  CHECK_THAT(bind(rig, group(2)), Catch::StartsWith("store folder /data/store: it belongs to group") &&
                                      Catch::Contains("empty folder") && Catch::Contains("give back the metadata"));
  rig.crash();
  rig.open();
  CHECK(rig.store->id() == id);
  CHECK_FALSE(bind(rig, group(2)).empty());
  CHECK(bind(rig, group(1)).empty());
}
