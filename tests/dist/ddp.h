#pragma once
// The cases of test_ddp_ranks, which run on every rank of a job, as those of ranks.h do: programs
// on LibTorch, linked to imgcls::dist alone.

#include "ranks.h"

namespace imgcls::dist_test {

// ddp_training.cpp: what trains in LibTorch.
void torchs_optimizers(World& world);
void torchs_lbfgs(World& world);
void micro_batches(World& world);
void gradients_of_ones_own(World& world);

// ddp_modules.cpp: modules of all kinds.
void many_inputs_and_outputs(World& world);
void words(World& world);
void several_modules(World& world);
void parameters_without_gradients(World& world);
void refused_by_name(World& world);
void frozen_and_moved(World& world);
void buffers_of_modules(World& world);

// ddp_reference.cpp: the numbers of PyTorch's DistributedDataParallel.
void pytorchs_numbers(World& world);

}  // namespace imgcls::dist_test
