// LocalUnitState: a unit whose state nobody else keeps or sees. Consequences are told to whoever listens.
#pragma once

#include <functional>

#include "target/unit/change_log.h"

namespace shoal::unit {

class LocalUnitState final : public UnitState {
 public:
  using Listener = std::function<void(const Consequences&, Completion<> done)>;
  explicit LocalUnitState(UnitView view = {}) : view_(std::move(view)) {}

  void listen(Listener listener) { listener_ = std::move(listener); }
  const UnitView& view() const override { return view_; }
  void change(const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) override {
    Outcome outcome = apply(view_, from, change);
    view_ = std::move(outcome.view);
    if (outcome.answer == UnitAnswer::good) log_.add(++serial_, outcome.consequences.announcements);
    if (outcome.answer != UnitAnswer::good || !listener_) return done(outcome.answer);
    listener_(outcome.consequences, [done = std::move(done)]() mutable { done(UnitAnswer::good); });
  }
  UnitMoment moment() const override { return {0, serial_}; }
  std::vector<UnitAttention> missed(const InitiatorPort& port, const UnitMoment& since) const override {
    return log_.missed(port, since.serial);
  }

 private:
  UnitView view_;
  std::uint64_t serial_ = 0;
  ChangeLog log_;
  Listener listener_;
};

}  // namespace shoal::unit
