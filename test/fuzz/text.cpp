// Fuzz: text keys, and a whole login negotiation that is offered them.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>

#include "target/iscsi/login.h"
#include "target/iscsi/text.h"

using namespace shoal::iscsi;

namespace {

void parse(const std::string& text) {
  const auto parsed = parse_text(text);
  if (const auto* keys = std::get_if<TextKeys>(&parsed)) {
    const auto again = parse_text(to_text(*keys));
    if (!std::holds_alternative<TextKeys>(again) || std::get<TextKeys>(again) != *keys) std::abort();
    for (const TextKey& key : *keys) parse_number(key.value), split_list(key.value);
  }
}

LoginAnswer answer(FuzzedDataProvider& in, const LoginQuestion& question) {
  if (in.ConsumeIntegralInRange(0, 7) == 0) return Refused{};
  if (question.kind == LoginQuestion::Kind::claim) return Claimed{7};
  Serve serve;
  if (in.ConsumeBool())
    serve.chap = ChapDemand{{{"host", shoal::Secret("secret")}, shoal::ChapAccount{"target", shoal::Secret("other")}}};
  if (in.ConsumeBool() && !question.discovery) serve.then = Redirected{"127.0.0.1:3260"};
  return serve;
}

void negotiate(FuzzedDataProvider& in) {
  LoginNegotiator negotiator{LoginConfig{}};
  LoginRequest request;
  for (int exchange = 0; exchange < 40 && in.remaining_bytes() > 0; ++exchange) {
    request.transit = in.ConsumeBool();
    request.continued = in.ConsumeBool() && !request.transit;
    request.current = static_cast<Stage>(in.ConsumeIntegralInRange(0, 3));
    request.next = static_cast<Stage>(in.ConsumeIntegralInRange(0, 3));
    LoginStep step = negotiator.on_request(request, in.ConsumeRandomLengthString(2000));
    while (auto* ask = std::get_if<Ask>(&step)) step = negotiator.on_answer(answer(in, ask->question));
    response_to(request, step, {});
    if (!std::holds_alternative<Reply>(step)) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  if (in.ConsumeBool()) {
    parse(in.ConsumeRemainingBytesAsString());
  } else {
    negotiate(in);
  }
  return 0;
}
