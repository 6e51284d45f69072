#include "test/model/counting_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "test/model/block_commands.h"
#include "test/model/initiator.h"
#include "test/model/random.h"

namespace model {

namespace {

struct Counter {
  std::uint64_t lba = 0, blocks = 0;
};

// The number stands at both ends of the counter: a torn write is seen as well as a lost one.
std::uint64_t last_word(const Counter& counter) { return counter.blocks * kBlock - 8; }

Bytes image_of(const Counter& counter, std::uint64_t number) {
  Bytes image(counter.blocks * kBlock);
  put(image, 0, 8, number);
  put(image, last_word(counter), 8, number);
  return image;
}

Answer ask(Initiator& session, const Command& command) {
  Answer answer = session.execute(command);
  while (answer.attention()) answer = session.execute(command);
  return answer;
}

Bytes read_image(Initiator& session, const Counter& counter) {
  const Answer answer = ask(session, read16(counter.lba, counter.blocks));
  if (!answer.good()) throw Difference("READ: " + answer.text());
  return answer.data;
}

// One initiator with its own session.
class Counting {
 public:
  Counting(int number, const std::string& url, std::vector<Counter> counters, std::uint64_t increments,
           std::uint64_t seed)
      : session_(number, url),
        counters_(std::move(counters)),
        left_(counters_.size(), increments),
        seen_(counters_.size()),
        random_(seed) {}

  void run() {
    while (std::ranges::any_of(left_, [](auto left) { return left > 0; })) {
      const auto which = random_.below(counters_.size());
      if (left_[which] == 0 || random_.percent(20)) {
        look(which);
      } else {
        increment(which);
      }
    }
  }
  const Counted& counted() const { return counted_; }

 private:
  // A READ across a border may see one half before, one after a COMPARE AND WRITE; neither goes backwards.
  std::uint64_t look(std::size_t which) {
    const Counter& counter = counters_[which];
    const Bytes image = read_image(session_, counter);
    const auto first = get(image, 0, 8), last = get(image, last_word(counter), 8);
    ++counted_.reads;
    if (std::min(first, last) < seen_[which]) {
      throw Difference(
          fmt::format("block {} went backwards: {} and {} after {}", counter.lba, first, last, seen_[which]));
    }
    return seen_[which] = std::min(first, last);
  }

  void increment(std::size_t which) {
    const Counter& counter = counters_[which];
    const auto number = look(which);
    const Answer answer =
        ask(session_, compare_and_write(counter.lba, image_of(counter, number), image_of(counter, number + 1)));
    if (answer.is(kMiscompare)) {
      ++counted_.miscompares;
      return;
    }
    if (!answer.good()) throw Difference("COMPARE AND WRITE: " + answer.text());
    seen_[which] = number + 1;
    --left_[which];
    ++counted_.increments;
  }

  Initiator session_;
  std::vector<Counter> counters_;
  std::vector<std::uint64_t> left_, seen_;
  Random random_;
  Counted counted_;
};

void run_all(std::vector<Counting>& all) {
  std::vector<std::exception_ptr> problems(all.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < all.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          all[i].run();
        } catch (...) {
          problems[i] = std::current_exception();
        }
      });
    }
  }
  for (const auto& problem : problems) {
    if (problem) std::rethrow_exception(problem);
  }
}

}  // namespace

Counted count_together(const std::vector<std::string>& urls, int initiators, std::uint64_t increments,
                       std::uint64_t page_blocks, std::uint64_t seed, Journal& journal) {
  constexpr int kFirstNumber = 200;
  const std::vector<Counter> counters{{page_blocks / 2, 1}, {page_blocks - 1, 2}, {2 * page_blocks - 1, 2}};
  {
    Initiator first(kFirstNumber, urls.front());
    for (const Counter& counter : counters) {
      const Answer answer = ask(first, write16(counter.lba, image_of(counter, 0)));
      if (!answer.good()) throw Difference("WRITE: " + answer.text());
    }
  }
  std::vector<Counting> all;
  for (int i = 0; i < initiators; ++i) {
    const auto number = static_cast<std::size_t>(i);
    all.emplace_back(kFirstNumber + 1 + i, urls[number % urls.size()], counters, increments, seed + number);
  }
  run_all(all);
  Counted total;
  for (const Counting& one : all) {
    total.increments += one.counted().increments;
    total.miscompares += one.counted().miscompares;
    total.reads += one.counted().reads;
  }
  const auto expected = increments * static_cast<std::uint64_t>(initiators);
  Initiator judge(kFirstNumber, urls.front());  // a new session: one that waits for so long answers no pings
  for (const Counter& counter : counters) {
    const Bytes image = read_image(judge, counter);
    journal.note(fmt::format("counter at block {}: {} of {}", counter.lba, get(image, 0, 8), expected));
    if (image != image_of(counter, expected)) throw Difference("an increment was lost");
  }
  return total;
}

}  // namespace model
