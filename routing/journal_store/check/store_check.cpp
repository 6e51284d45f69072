#include "routing/journal_store/check/store_check.h"

#include "routing/journal_store/check/examiner.h"

namespace shoal::routing::journal {

std::shared_ptr<void> check_store(Runtime& runtime, const CheckOptions& options,
                                  std::function<void(const CheckProgress&)> on_progress,
                                  Completion<Result<CheckReport, std::string>> done) {
  auto examiner = std::make_shared<Examiner>(
      runtime, options, std::move(on_progress),
      [done = std::move(done)](Result<std::unique_ptr<Examination>, std::string> examined) mutable {
        if (!examined) return done(examined.error());
        done(std::move((*examined)->report));
      });
  runtime.post([weak = std::weak_ptr<Examiner>(examiner)] {
    if (const auto examiner = weak.lock()) examiner->run(DeviceOpen::read_only);
  });
  return examiner;
}

}  // namespace shoal::routing::journal
