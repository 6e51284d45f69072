// LocalUnitState: a unit whose state nobody else keeps or sees. Consequences are told to whoever listens.
#pragma once

#include <functional>

#include "target/unit/unit_machine.h"

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
    if (outcome.answer != UnitAnswer::good || !listener_) return done(outcome.answer);
    listener_(outcome.consequences, [done = std::move(done)]() mutable { done(UnitAnswer::good); });
  }

 private:
  UnitView view_;
  Listener listener_;
};

}  // namespace shoal::unit
