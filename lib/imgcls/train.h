#pragma once
// All of imgcls/train: a run from its options to its results. In the order of things:
//
//   header                 what it does
//   train/program.h        what a program does around its work: join the job, report errors once
//   train/options.h        all that a run is told; of its images train/data_options.h, of its
//                          network train/model_options.h
//   train/run_fields.h     what configurations call the options of the other sections;
//                          train/config_schema.h the schema made from all these tables
//   train/compose.h        the parts made from that: train/stage.h data on a local disk,
//                          train/fine_tune.h the weights it starts from (load_with_hint.h),
//                          train/teacher.h the model it learns from
//   train/own_config.h     the configuration of a run that was made without one
//   train/rank_fields.h    what has to be the same on all ranks
//   train/trainer.h        the run: epochs of steps, evaluation, logs, checkpoints, resuming
//   train/callbacks.h      what a program is told of steps, epochs and evaluations
//   train/run_sink.h       who keeps a run's figures
//   train/replica.h        what a rank trains with
//   train/wait_for_data.h  where ranks agree on going on, before each step
//   train/input.h          from the loader's bytes to the network's input
//   train/step.h           forward, loss, backward, update; train/precision.h mixed precision
//   train/recipe/          what a recipe adds to a step: mix.h (mixes.h), erase.h,
//                          distillation.h, loss.h (losses.h, class_weights.h), sam.h, clip.h,
//                          average.h; ingredient.h says in which order they are asked, recipe.h
//                          asks them, combinations.h what does not go together; targets.h what
//                          images are to be taken for, draws.h random numbers
//   train/step_profile.h   where a step's time goes; train/device_event.h waiting for a device
//   train/evaluate.h       exact evaluation; train/multi_label.h of images with several classes
//   train/eval_details.h   which classes are taken for which; train/mistakes.h the worst mistakes;
//                          train/eval_files.h the files that tell of both
//   train/checkpoint.h     all that a run needs to go on; train/bits.h what its bits depend on
//   train/run_weights.h    the file of weights that a run's folder stands for; train/trained_run.h
//                          its model and classes with them
//   train/best.h           the best evaluation: weights to keep, and when patience ends
//   train/progressive.h    training images that grow
//   train/termination_signals.h  asking a run to stop in good order

#include <imgcls/train/best.h>
#include <imgcls/train/callbacks.h>
#include <imgcls/train/checkpoint.h>
#include <imgcls/train/compose.h>
#include <imgcls/train/data_options.h>
#include <imgcls/train/evaluate.h>
#include <imgcls/train/input.h>
#include <imgcls/train/model_options.h>
#include <imgcls/train/multi_label.h>
#include <imgcls/train/options.h>
#include <imgcls/train/precision.h>
#include <imgcls/train/program.h>
#include <imgcls/train/progressive.h>
#include <imgcls/train/rank_fields.h>
#include <imgcls/train/recipe/class_weights.h>
#include <imgcls/train/recipe/losses.h>
#include <imgcls/train/recipe/mixes.h>
#include <imgcls/train/recipe/recipe.h>
#include <imgcls/train/replica.h>
#include <imgcls/train/run_sink.h>
#include <imgcls/train/run_weights.h>
#include <imgcls/train/step.h>
#include <imgcls/train/step_profile.h>
#include <imgcls/train/teacher.h>
#include <imgcls/train/termination_signals.h>
#include <imgcls/train/trained_run.h>
#include <imgcls/train/trainer.h>
#include <imgcls/train/wait_for_data.h>
