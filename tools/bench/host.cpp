#include "tools/bench/host.h"

extern "C" {
#include <iscsi/scsi-lowlevel.h>
}

#include <fmt/format.h>

#include <stdexcept>

namespace shoal::bench {

SessionPtr open_session(const std::string& text, const std::string& initiator, int& lun) {
  SessionPtr session(iscsi_create_context(initiator.c_str()));
  if (!session) throw std::runtime_error("libiscsi: out of memory");
  iscsi_url* url = iscsi_parse_full_url(session.get(), text.c_str());
  if (!url) {
    throw std::runtime_error(
        fmt::format("{}: not iscsi://HOST:PORT/IQN/LUN ({})", text, iscsi_get_error(session.get())));
  }
  iscsi_set_targetname(session.get(), url->target);
  iscsi_set_session_type(session.get(), ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(session.get(), ISCSI_HEADER_DIGEST_NONE);
  // As a host's SCSI layer, which repeats what was answered with a unit attention.
  iscsi_set_no_ua_on_reconnect(session.get(), 1);
  if (url->user[0] != '\0') iscsi_set_initiator_username_pwd(session.get(), url->user, url->passwd);
  iscsi_set_reconnect_max_retries(session.get(), -1);
  lun = url->lun;
  const int failed = iscsi_full_connect_sync(session.get(), url->portal, url->lun);
  iscsi_destroy_url(url);
  if (failed) throw std::runtime_error(fmt::format("{}: {}", text, iscsi_get_error(session.get())));
  return session;
}

std::uint64_t capacity_bytes(iscsi_context* session, int lun) {
  scsi_task* task = iscsi_readcapacity16_sync(session, lun);
  if (!task || task->status != SCSI_STATUS_GOOD) {
    throw std::runtime_error(fmt::format("READ CAPACITY(16): {}", iscsi_get_error(session)));
  }
  const auto* capacity = static_cast<scsi_readcapacity16*>(scsi_datain_unmarshall(task));
  if (!capacity) throw std::runtime_error("READ CAPACITY(16): short answer");
  const std::uint64_t bytes = (capacity->returned_lba + 1) * capacity->block_length;
  scsi_free_scsi_task(task);
  return bytes;
}

}  // namespace shoal::bench
