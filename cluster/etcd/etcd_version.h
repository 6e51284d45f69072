// What is known about versions of etcd. Nothing that Shoal decides depends on the bugs of has_known_bugs: they make
// reads stale and watches lossy, and both are hints here. A version that loses committed transactions cannot be worked
// around.
#pragma once

#include <string_view>

namespace shoal::cluster {

enum class EtcdVersion {
  good,
  has_known_bugs,  // before 3.4.42 or 3.5.28: stale reads (#20418), lost watch events: say so once
  loses_data,      // 3.5.0 to 3.5.2: committed transactions lost after a crash: not to be used
  not_understood,  // not the version of an etcd
};

EtcdVersion judge_etcd_version(std::string_view version);  // "3.4.23"

}  // namespace shoal::cluster
