// What a link does with one read and one write at a time: batches.
#include "routing/peer_link.h"

#include <catch2/catch.hpp>

#include "test/sim/world.h"

using namespace shoal;
using namespace shoal::routing;

namespace {

// A stream of which the test is the other end.
class ScriptedStream final : public Stream {
 public:
  struct Script {
    MutableByteSpan room;
    Completion<Result<std::size_t, NetError>> reading;
    std::vector<std::size_t> writes;  // bytes of each
    Completion<Result<void, NetError>> writing;
    bool closed = false;

    void bring(ByteSpan bytes) {
      REQUIRE(bytes.size() <= room.size());
      std::copy(bytes.begin(), bytes.end(), room.begin());
      std::exchange(reading, nullptr)(bytes.size());
    }
    void written() { std::exchange(writing, nullptr)(Result<void, NetError>()); }
  };
  explicit ScriptedStream(Script& script) : script_(script) {}
  void read_some(MutableByteSpan into, Completion<Result<std::size_t, NetError>> done) override {
    script_.room = into;
    script_.reading = std::move(done);
  }
  void write(Slices data, Completion<Result<void, NetError>> done) override {
    REQUIRE(!script_.writing);
    script_.writes.push_back(total_size(data));
    script_.writing = std::move(done);
  }
  std::size_t unsent_bytes() const override { return 0; }
  void shutdown_send() override {}
  void close() override { script_.closed = true; }
  Endpoint local() const override { return {}; }
  Endpoint peer() const override { return {}; }

 private:
  Script& script_;
};

struct LinkRig final : PeerLink::User {
  LinkRig() {
    link->outbox().put(Message(Refusal{}));  // any last frame of a handshake: the link is as fresh as that
    link->send();
    world.run_for(1us);
    script.written();
    script.writes.clear();
    link->set_up();
    link->start();
  }
  ~LinkRig() override { link->close(); }
  void on_frame(const Frame& frame) override {
    ++frames;
    link->outbox().put(Message(AbortDoneMessage{frame.id}));
    link->send();
  }
  void on_end(const std::string& reason) override { ended = reason; }

  sim::World world{1};
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  ScriptedStream::Script script;
  std::shared_ptr<PeerLink> link = std::make_shared<PeerLink>(host.runtime(), std::make_unique<ScriptedStream>(script),
                                                              static_cast<PeerLink::User&>(*this), 2s);
  int frames = 0;
  std::string ended;
};

Slice requests(std::uint64_t count) {
  PageOutbox outbox;
  for (std::uint64_t id = 1; id <= count; ++id) outbox.put(Message(AbortMessage{id, ImageId{1}, {}}));
  return flatten(outbox.take());
}

constexpr std::size_t kAnswerBytes = kFrameHeaderBytes;

}  // namespace

TEST_CASE("everything that arrived is handed on in one pass, and its answers leave in one write") {
  LinkRig rig;
  rig.script.bring(requests(50).bytes());
  CHECK(rig.frames == 50);
  CHECK(rig.script.writes == std::vector{50 * kAnswerBytes});
}

TEST_CASE("what is put while a write is under way leaves in the next one") {
  LinkRig rig;
  for (int i = 0; i < 3; ++i) rig.script.bring(requests(10).bytes());
  CHECK(rig.script.writes.size() == 1);
  CHECK(rig.link->unsent_bytes() == 30 * kAnswerBytes);
  rig.script.written();
  CHECK(rig.script.writes == std::vector{10 * kAnswerBytes, 20 * kAnswerBytes});
}

TEST_CASE("what is put outside of a pass leaves together, after what is running now") {
  LinkRig rig;
  for (std::uint64_t id = 0; id < 7; ++id) {
    rig.link->outbox().put(Message(AbortDoneMessage{id}));
    rig.link->send();
  }
  CHECK(rig.script.writes.empty());
  rig.world.run_for(1us);
  CHECK(rig.script.writes == std::vector{7 * kAnswerBytes});
}

TEST_CASE("last words are sent before the link fails, and nothing more is read") {
  LinkRig rig;
  rig.link->outbox().put(Message(AbortDoneMessage{1}));
  rig.link->fail_when_sent("enough");
  rig.script.bring(requests(3).bytes());
  CHECK(rig.frames == 0);
  CHECK(rig.ended.empty());
  rig.world.run_for(1us);
  REQUIRE(rig.script.writes.size() == 1);
  rig.script.written();
  CHECK(rig.ended == "enough");
  CHECK(rig.script.closed);
}

TEST_CASE("a pong with a stamp that was never sent proves nothing") {
  LinkRig rig;
  rig.world.run_for(1s);
  const Time before = rig.link->fresh();
  PageOutbox outbox;
  outbox.put(Message(Pong{static_cast<std::uint64_t>((rig.host.runtime().now() + 1h).time_since_epoch().count())}));
  outbox.put(Message(Pong{0}));
  rig.script.bring(flatten(outbox.take()).bytes());
  CHECK(rig.link->fresh() == before);
}
