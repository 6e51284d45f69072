// The limits that the rules of load work with. ARCHITECTURE.md, "Load", says why they are what they are.
#pragma once

#include <cstddef>

#include "target/base/time.h"

namespace shoal::load {

inline constexpr double kLeastWeight = 1e-3;  // of a member, in a division
inline constexpr double kShedUntil = 1.05;    // times the fair share: who is over-utilised sheds down to this
inline constexpr double kStarved = 0.5;       // times the fair share: who has that or less is filled by the others
inline constexpr Duration kOverUtilisedFor = 5s;
inline constexpr Duration kSwingWindow = 15s;
inline constexpr double kSwinging = 0.5;  // of the mean, which the standard deviation over kSwingWindow exceeds
inline constexpr Duration kUsualWindow = 60s;
inline constexpr Duration kNew = 15s;    // for so long the growth of a session that has come does not count as swinging
inline constexpr double kUnusual = 1.5;  // standard deviations over kUsualWindow, by which it must carry too much
inline constexpr double kLeastGain = 0.05;  // of what the source is relieved of
inline constexpr double kPressed = 0.8;
inline constexpr double kUnpressed = 0.6;
inline constexpr double kMostForwarded = 0.5;   // of a session's units: with the policy affinity it moves above
inline constexpr double kLeastCloser = 0.2;     // of a session's units, by which a move for affinity brings it closer
inline constexpr Duration kMovePacing = 2s;     // between moves of one member
inline constexpr Duration kMoveLasts = 20s;     // whatever has become of one that was not told of by then
inline constexpr Duration kSessionRests = 30s;  // between moves of one session
inline constexpr Duration kRefusedFor = 5s;     // a destination that refused is not asked again
inline constexpr Duration kMovesCounted = 60s;
inline constexpr std::size_t kGroupMoves = 20;  // in kMovesCounted; in a large group kMovesOfAMember for each member
inline constexpr std::size_t kMovesOfAMember = 2;
inline constexpr std::size_t kMaxGroupMoves = 2000;  // that are remembered

}  // namespace shoal::load
