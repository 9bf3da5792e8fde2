#include <ATen/core/grad_mode.h>
#include <imgcls/dist/data_parallel.h>

namespace imgcls::dist {

DataParallel::DataParallel(models::Model& model, World& world, const DataParallelOptions& options)
    : model_(model), world_(world), options_(options) {
  renew();
}

// Gradients as views of the buckets save a copy of all gradients.
void DataParallel::renew() {
  for (const models::NamedTensor& parameter : model_.parameters()) {
    parameter.tensor.mutable_grad().reset();
  }
  replicated_.reset();  // its hooks go before others come
  replicated_ = std::make_unique<ReplicatedModule>(
      model_.module(), world_,
      DistributedDataParallelOptions{.broadcast_buffers = options_.broadcast_buffers,
                                     .gradient_as_bucket_view = true,
                                     .compression = options_.compression},
      options_.averages);
}

at::Tensor DataParallel::forward(const at::Tensor& images, Gradients gradients) {
  if (!model_.is_training() || !at::GradMode::is_enabled()) return model_.forward(images);
  const bool averages = gradients == Gradients::average;
  replicated_->before_forward(averages, /*is_training=*/true);
  at::Tensor logits = model_.forward(images);
  replicated_->after_forward(averages);
  return logits;
}

}  // namespace imgcls::dist
