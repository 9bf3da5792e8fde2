#pragma once
// Ends a job on all its ranks when one of them dies, fails or falls silent, and says which and why.
// Internal to dist/.
//
// A thread on each rank keeps a TCP connection to rank 0, apart from the collectives, and sends a
// sign of life about once a second. Rank 0 judges: a connection that ends without a goodbye is a
// rank that died; one without a sign of life for the time limit is a rank that is stopped or cut
// off; a rank may report its own error; and when a collective takes too long, the rank that has not
// come to it is known by the numbers of collectives begun. The verdict goes to all ranks: their
// collectives throw RankFailure, and a rank whose main thread does not come to one ends within
// seconds all the same. A rank that loses rank 0 judges by itself.

#include <imgcls/dist/transport/socket.h>
#include <imgcls/dist/transport/transport.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls::dist {

struct HeartbeatOptions {
  int rank = 0, size = 1;
  double timeout_s = 600;
  /// Whether this rank says it when rank 0 is lost: one rank of each machine does.
  bool speaks_without_first = false;
};

class HeartbeatMonitor {
 public:
  /// `peers`: on rank 0, a connection to each other rank; on the others, one to rank 0. `give_up`
  /// is called once, from the monitor's thread, when there is a verdict: it makes collectives
  /// return.
  HeartbeatMonitor(HeartbeatOptions options, std::map<int, Socket> peers,
                   std::function<void()> give_up);
  /// Ends the thread; says goodbye first if `leave` was not called: then the job has failed here.
  ~HeartbeatMonitor();
  HeartbeatMonitor(const HeartbeatMonitor&) = delete;
  HeartbeatMonitor& operator=(const HeartbeatMonitor&) = delete;

  /// From now on signs of life carry how many collectives this channel has begun.
  void add(const Transport& transport);

  /// Collective `what` was not answered: throws RankFailure when the monitor knows why, or finds
  /// out within seconds; returns otherwise.
  void explain(const Transport& transport, std::string_view what, const Unanswered& failure);

  /// This rank cannot go on: tells the others and reports it, once for the whole job.
  void fail(std::string_view reason);

  /// This rank is done, and so are the others: call after a barrier.
  void leave();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace imgcls::dist
