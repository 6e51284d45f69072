#include "cluster/image_census.h"

#include <algorithm>
#include <utility>

#include "cluster/image_counter.h"
#include "target/base/countdown.h"
#include "target/base/parse_number.h"

namespace shoal::cluster {

ImageCensus::ImageCensus(const Members& members, routing::PeerChannel* peers, std::function<ImageId()> highest_here)
    : members_(members), peers_(peers), highest_here_(std::move(highest_here)) {
  if (!peers_) return;
  peers_->serve(routing::ControlKind::highest_image,
                [highest = highest_here_](MemberId, const std::string&, Completion<std::string> reply) {
                  reply(std::to_string(highest().value));
                });
}

void ImageCensus::take(Completion<Census> done) const {
  const auto census = std::make_shared<Census>(Census{{}, highest_here_()});
  if (members_.self().takes_hosts()) census->in_reach.insert(members_.self().id);
  const Countdown answers([census, done = std::move(done)]() mutable { done(std::move(*census)); });
  auto all_asked = answers.part();
  const auto members = members_.all();
  for (const auto& [id, record] : *members) {
    const bool asked = peers_ && id != members_.self().id && record.takes_hosts() && peers_->connected(id);
    if (asked) ask(id, census, answers.part());
  }
  all_asked();
}

void ImageCensus::ask(MemberId member, const std::shared_ptr<Census>& census, Completion<> done) const {
  peers_->request(
      member, routing::ControlKind::highest_image, "", kCensusWithin,
      [member, census, done = std::move(done)](const Result<std::string, routing::PeerError>& body) mutable {
        const auto highest = body ? parse_number<std::uint64_t>(*body) : std::nullopt;
        if (highest && *highest < kMaxImage) {
          census->in_reach.insert(member);
          census->highest = std::max(census->highest, ImageId{*highest});
        }
        done();
      });
}

}  // namespace shoal::cluster
