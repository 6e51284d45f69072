// RedirectPolicy: where a login is served, and what it has to prove there. Pure rule settled() under a LoginPolicy that
// looks up what it needs, and asks the Allocator where nothing is settled.
//
//   discovery                             -> here
//   no such target                        -> 0203
//   the volume's lists do not allow it    -> 0203 or 0202, before any address is told
//   came to a member portal               -> here (draining: 0301)
//   the group knows its holder, and that member is ready, and it is not being moved
//                                         -> there
//   it is being moved, and a ready member keeps a place for it
//                                         -> there
//   policy none                           -> here
//   else                                  -> where the Allocator places it; here, when nobody is ready
//
// Who was redirected again and again and has not arrived is served here (ignored_redirects.h).
// A login that is served here, or is to be redirected only after it has proven itself, is told what CHAP asks of it;
// where this member cannot read a secret that it needs: 0301.
// decide() completes before it returns: all that it asks is known here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "cluster/allocator.h"
#include "cluster/group_sessions.h"
#include "cluster/ignored_redirects.h"
#include "cluster/members.h"
#include "cluster/volumes.h"
#include "target/ports/login_policy.h"

namespace shoal::cluster {

struct LoginRules {
  bool allocate = true;                                // false: policy none
  bool redirect_after_chap = false;                    // of volumes that ask for CHAP
  LoginRefusal not_allowed = LoginRefusal::not_found;  // by a volume's lists: not_found tells nobody that it exists
  std::optional<ChapSettings> discovery_chap;
};

// The secrets behind settings, as this member has them; the error is one line for people.
using ReadSecrets = std::function<Result<ChapCredentials, std::string>(const ChapSettings&)>;

struct Candidate {
  MemberId member;
  Endpoint portal;     // its member portal
  bool ready = false;  // in reach, and hosts may be placed there; the own member is ready unless it drains
};

struct PlaceQuestion {
  bool at_member_portal = false;
  bool draining = false;              // this member
  std::optional<NexusRecord> record;  // what the group knows of the nexus
};

// nullopt: nothing says where; it is to be allocated.
std::optional<LoginDecision> settled(const PlaceQuestion& question, MemberId self,
                                     const std::vector<Candidate>& candidates);

class RedirectPolicy final : public LoginPolicy {
 public:
  using Connected = std::function<bool(MemberId)>;  // PeerChannel::connected
  RedirectPolicy(LoginRules rules, const Members& members, const Volumes& volumes, GroupSessions& sessions,
                 Allocator& allocator, Connected connected, ReadSecrets read_secrets, std::function<Time()> now);
  void decide(const LoginQuery& query, Completion<LoginDecision> done) override;
  // Where a session of this member goes that is to leave; none of these. 0: there is nowhere.
  MemberId pick(const NexusName& nexus, const std::set<MemberId>& except);
  // Logins served here because the host did not follow.
  std::uint64_t ignored_redirects() const { return ignored_.ignored(); }

 private:
  LoginDecision decide(const LoginQuery& query);
  LoginDecision place(const LoginQuery& query, const NexusName& nexus);
  LoginDecision allocate(const NexusName& nexus, MemberId not_at, const std::vector<Candidate>& candidates);
  std::vector<Candidate> candidates() const;

  LoginRules rules_;
  const Members& members_;
  const Volumes& volumes_;
  GroupSessions& sessions_;
  Allocator& allocator_;
  Connected connected_;
  ReadSecrets read_secrets_;
  std::function<Time()> now_;
  IgnoredRedirects ignored_;
};

}  // namespace shoal::cluster
