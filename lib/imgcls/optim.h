#pragma once
// All of imgcls/optim: how weights change in a step. In the order of things:
//
//   header                    what it does
//   optim/schedule.h          the learning rate of a step; schedules.h the single courses' options
//   optim/plateau.h           the rate that goes by evaluations
//   optim/grad_scaler.h       the loss scaled, for fp16, and steps left out
//   optim/optimizer.h         parameters in groups, and their update
//   optim/optimizers.h        the table of all optimizers, and how a program adds its own
//   optim/foreach_optimizer.h what one of your own is best derived from
//   optim/adam.h ... sgd.h    each of them: what it follows, and its options: adan.h,
//                             cautious_adamw.h, lamb.h, lars.h, lion.h, muon.h, nadamuon.h,
//                             nadamw.h, radam.h, rmsprop_tf.h, schedule_free.h, sgdw.h
//   optim/matrices_and_rest.h what muon.h and nadamuon.h share
//   optim/orthogonal.h        Newton-Schulz iterations, for muon.h and nadamuon.h
//   optim/work_sharing.h      work that ranks share out among them (dist/rank_sharing.h)
//   optim/optimizer_fields.h  the options' names in configurations

#include <imgcls/optim/adan.h>
#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/lamb.h>
#include <imgcls/optim/lars.h>
#include <imgcls/optim/lion.h>
#include <imgcls/optim/muon.h>
#include <imgcls/optim/nadamuon.h>
#include <imgcls/optim/nadamw.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/optimizers.h>
#include <imgcls/optim/orthogonal.h>
#include <imgcls/optim/plateau.h>
#include <imgcls/optim/radam.h>
#include <imgcls/optim/rmsprop_tf.h>
#include <imgcls/optim/schedule.h>
#include <imgcls/optim/schedule_free.h>
#include <imgcls/optim/schedules.h>
#include <imgcls/optim/soap.h>
#include <imgcls/optim/work_sharing.h>
