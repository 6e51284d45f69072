// An EtcdStore that a test drives until something has happened, and the common questions to it.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/etcd/etcd_store.h"

namespace shoal::cluster::test {

struct StoreRig {
  explicit StoreRig(std::vector<Endpoint> servers)
      : store(std::make_unique<EtcdStore>(context, std::move(servers), "/test", log)) {}

  template <class Predicate>
  bool run_until(Predicate happened, std::chrono::steady_clock::duration limit = std::chrono::seconds(15)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!happened()) {
      if (context.run_one_until(end) == 0) return false;
    }
    return true;
  }

  CasResult cas(std::vector<Expect> expect, std::vector<Write> writes) {
    std::optional<CasResult> result;
    store->cas(std::move(expect), std::move(writes), [&](CasResult outcome) { result = outcome; });
    CHECK_FALSE(result);  // never inside the call
    REQUIRE(run_until([&] { return result.has_value(); }));
    return *result;
  }

  Listing list(const std::string& prefix, const std::string& after = "", std::size_t limit = 100) {
    std::optional<Listing> result;
    store->list(prefix, after, limit, [&](Listing listing) { result = std::move(listing); });
    REQUIRE(run_until([&] { return result.has_value(); }));
    return *result;
  }

  std::vector<std::string> keys(const std::string& prefix) {
    std::vector<std::string> keys;
    for (const Entry& entry : list(prefix).entries) keys.push_back(entry.key);
    return keys;
  }

  std::size_t logged(const std::string& text) const {
    std::size_t count = 0;
    for (const std::string& line : lines) count += line.find(text) != std::string::npos;
    return count;
  }

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays{context.get_executor()};
  std::vector<std::string> lines;
  Log log{LogLevel::debug, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
  std::unique_ptr<EtcdStore> store;
};

}  // namespace shoal::cluster::test
