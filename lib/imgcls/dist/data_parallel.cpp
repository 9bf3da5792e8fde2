#include <ATen/core/grad_mode.h>
#include <imgcls/dist/data_parallel.h>

namespace imgcls::dist {

// Gradients as views of the buckets save a copy of all gradients.
DataParallel::DataParallel(models::Model& model, World& world, const DataParallelOptions& options)
    : model_(model),
      replicated_(model.module(), world,
                  {.broadcast_buffers = options.broadcast_buffers,
                   .gradient_as_bucket_view = true,
                   .compression = options.compression},
                  options.averages) {}

at::Tensor DataParallel::forward(const at::Tensor& images, Gradients gradients) {
  if (!model_.is_training() || !at::GradMode::is_enabled()) return model_.forward(images);
  const bool averages = gradients == Gradients::average;
  replicated_.before_forward(averages, /*is_training=*/true);
  at::Tensor logits = model_.forward(images);
  replicated_.after_forward(averages);
  return logits;
}

}  // namespace imgcls::dist
