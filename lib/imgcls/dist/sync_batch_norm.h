#pragma once
// Batch norm over the images of all ranks (PyTorch's SyncBatchNorm).

#include <imgcls/dist/world.h>
#include <imgcls/models/model.h>

namespace imgcls::dist {

/// From now on every models::BatchNorm2d in `model` normalizes, in training, with the statistics of
/// all ranks' images: W ranks then train as one process with the whole batch would, whatever each
/// one's share. Costs an allgather in each layer's forward pass and an allreduce in its backward
/// pass, of some bytes a channel, for which every rank waits; so all ranks run the model alike.
/// Evaluation sends nothing. `world` outlives the model's training.
///
/// Throws ConfigError, and changes nothing, when a layer is one of torch::nn's batch norms, whose
/// members C++ cannot exchange: names the layer, and what to write in its place. A world of one, or
/// a model without batch norm: there is nothing to do. Not a collective.
void synchronize_batch_norm(const models::Model& model, World& world);

}  // namespace imgcls::dist
