#pragma once
// How training goes between evaluations.

#include <cstdint>

namespace imgcls::report {

/// A row of steps.csv.
struct StepRow {
  std::int64_t step = 0;         ///< optimizer steps done
  std::int64_t epoch = 0;        ///< that the step belongs to, from 1
  double time_s = 0;             ///< seconds since the start, over all sessions of the run
  double loss = 0;               ///< mean over the step's global batch, label smoothing included
  double lr = 0;                 ///< the step's learning rate
  double grad_norm = 0;          ///< L2 norm of all gradients of the step, averaged over the ranks
  double loss_scale = 1;         ///< fp16's, after the step; else 1
  double images_per_second = 0;  ///< of all ranks, since the row before
  double data_wait = 0;          ///< mean over the ranks, of the time since the row before: 0 to 1
  double memory_mib = 0;         ///< resident memory of all ranks' processes
};

}  // namespace imgcls::report
