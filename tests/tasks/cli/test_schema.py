"""Values that cannot be meant are refused, each by its own line; those that can are taken."""

import pytest

from backbone.errors import InputError
from tasks.cli.configuration import check_config, compose_config
from tasks.cli.mistakes import is_mistake, messages

BY_TASK = {
    "": "image_folder",
    "data.": "image_folder",
    "task.head.loss": "ssd_coco",
    "task.head.extras": "ssd_coco",
    "task.head.scales": "ssd_coco",
    "task.head.taps": "ssd_coco",
    "task.head.positive": "faster_rcnn_coco",
    "task.head.crop": "faster_rcnn_coco",
    "task.head.anchor_sizes": "faster_rcnn_coco",
    "data.num_classes": "ssd_coco",
    "data.scale_jitter": "ssd_coco",
    "task.module.mosaic": "ssd_coco",
    "task.module.positive_weights": "face_attributes",
    "data.unlabelled": "ssd_coco",
    "task.distillation": "ssd_coco",
    "data.year": "ssd_coco",
    "data.minival_ids": "ssd_coco",
    "data.t_": "planet",
    "data.max_level": "planet",
    "data.coarser": "planet",
    "task.module.radii_km": "planet",
    "task.module.monitor_km": "planet",
    "task.module.smoothing_km": "planet",
    "task.module.baseline_photographs": "planet",
    "task.module.margin": "face_embedding",
    "task.head.dimension": "face_embedding",
    "data.folds": "face_embedding",
    "data.monitor": "face_embedding",
    "data.view": "face_embedding",
    "data.verification": "face_embedding",
    "data.attributes": "face_attributes data=utkface",
    "data.age_thresholds": "face_attributes data=utkface",
}


def options(override: str) -> list[str]:
    """An override with the choice of a task that has its option."""
    key = override.partition("=")[0].lstrip("+~")
    known = max((k for k in BY_TASK if key.startswith(k)), key=len)
    return [f"task={BY_TASK[known]}".split(" ")[0], *BY_TASK[known].split(" ")[1:], override]


def check(*overrides: str):
    """The checked configuration, as a command makes it."""
    return check_config(compose_config(overrides), overrides)


def said(*overrides: str) -> list[str]:
    """The lines that a command prints of these overrides."""
    try:
        check(*overrides)
    except Exception as error:
        if not is_mistake(error):
            raise
        return messages(error, overrides)
    return []


REFUSED = [
    "size=0 size=31 size=5000 size=[64,64,64] size=64.5 size=null size=[a,b] size=true",
    "seed=-1 seed=x seed=4294967296 seed=1.0 compile=maybe augment=1 fresh=null",
    "backbone.alpha=0 backbone.alpha=nan backbone.alpha=1e9 backbone.alpha=null",
    "backbone.alpha=true backbone.alpha='1' backbone.alpha=inf backbone.min_width=0",
    "backbone.convolution=bar backbone.normalization=bar backbone.body=deep backbone.padding=no",
    "backbone.bn_momentum=7 backbone.bn_momentum=0 backbone.bn_eps=-1 backbone.weights=3",
    "data.batch_size=-1 data.batch_size=[4] data.batch_size=0 data.batch_size=4.0",
    "data.batch_size=1e30 data.workers=1.5 data.workers=-1 data.limit=0 data.limit=2.5",
    "data.crop_scale=[0.5] data.crop_scale=[1,0.5] data.crop_scale=[0,1] data.val_fraction=2",
    "data.val_fraction=0 data.root= data.root=null data.root={a:b} data.root=7 data.val=null",
    "data.train=null data.validate_on_train=3 data.num_classes=1 data.year=2015",
    "data.t_max=0 data.t_min=-3 data.max_level=-1 data.max_level=14 data.coarser=[0]",
    "data.coarser=[2,5] data.folds=1 data.monitor=luck data.attributes=[]",
    "data.age_thresholds=[abc] data.age_thresholds=[40,20] data.verification.box=[0,0,1]",
    "data.verification.box=[0.5,0,0.5,1] data.verification.pairs=null",
    "optimizer.lr=-0.1 optimizer.lr=fast optimizer.lr=0 optimizer.lr=inf optimizer.lr='1'",
    "optimizer.weight_decay=nan optimizer.weight_decay=-1 optimizer.ema_decay=-1",
    "optimizer.ema_decay=2 optimizer.ema_decay=1 optimizer.warmup=5 optimizer.batch=0",
    "optimizer.freeze_trunk_epochs=-1 optimizer.trunk_lr_scale=-1",
    "optimizer.optimizer._target_=torch.optim.Nope optimizer.optimizer.betas=[0.9]",
    "optimizer.optimizer.betas=[0.9,1] optimizer.optimizer.fused=2 optimizer.schedule=null",
    "trainer.max_epochs=-5 trainer.max_epochs=null trainer.max_epochs=abc trainer.max_epochs=1.5",
    "trainer.max_steps=0 trainer.max_steps=-7 trainer.max_steps=null trainer.precision=foo",
    "trainer.devices=0 trainer.devices=-2 trainer.devices=[] trainer.devices=[1,1]",
    "trainer.devices=some trainer.strategy=foo trainer.strategy=fsdp trainer.accelerator=abacus",
    "trainer.limit_train_batches=0 trainer.limit_train_batches=-1 trainer.limit_train_batches=1.5",
    "trainer.limit_val_batches=-1 trainer.limit_val_batches=true trainer.limit_test_batches=0",
    "trainer.check_val_every_n_epoch=0 trainer.gradient_clip_val=-1 trainer.checkpoint_minutes=0",
    "trainer.log_every_n_steps=0 trainer.accumulate_grad_batches=0 trainer.num_nodes=0",
    "task.module.mixup=-1 task.module.label_smoothing=2 task.head.dropout=1 task.head.dropout=2",
    "task.head=null task.module=null task.head.loss=foo task.head.taps=[-3] task.head.scales=[2,1]",
    "task.head.extras=[0] task.head.positive=1 task.head.positive=0 task.head.crop=0",
    "task.head.anchor_sizes=[] task.head.dimension=1 task.module.margin.margin=2",
    "task.module.margin.scale=0 task.module.radii_km=[] task.module.smoothing_km=-5",
    "task.module.monitor_km=3 task.module.baseline_photographs=0 task.name=3",
    "preprocess.flip=5 preprocess.flip=-1 preprocess.brightness=nan preprocess.contrast=-1",
    "data.view.crop_fraction=0 data.view.crop_fraction=2 data.view.box=[0,0,1] trust=grades",
    "preprocess.operations=-1 preprocess.magnitude=31 preprocess.erase=2 task.module.cutmix=-1",
    "data.balance=2 task.module.class_weights=alike task.module.class_weights={ants:0}",
    "task.module.focal=-1 task.module.monitor=top5 task.module.positive_weights={Bald:-1}",
    "data.scale_jitter=[2,1] data.scale_jitter=3 task.module.mosaic=2 task.module.mosaic_until=-1",
    "task.distillation.answers=both task.distillation.gamma=-1 task.distillation.boxes=-1",
    "task.distillation.min_score=2 data.unlabelled=3",
    "data.view.box=[0.9,0,0.1,1] data.view.keep_aspect=1 paths.runs=null paths.cache=3",
]


@pytest.mark.slow
@pytest.mark.parametrize("override", " ".join(REFUSED).split())
def test_a_value_out_of_range_gets_a_line_with_key_value_and_what_is_allowed(override):
    lines = said(*options(override))
    assert len(lines) == 1, lines
    key = override.partition("=")[0]
    assert lines[0].startswith(f"{key}="), lines
    assert ": " in lines[0]
    assert not lines[0].endswith(": ")


TAKEN = [
    "size=32 size=[64,96] seed=4294967295 backbone.alpha=2 data.batch_size=1000000000",
    "data.workers=null data.workers=3 data.limit=1 data.crop_scale=[1,1] data.val_fraction=0.2",
    "data.num_classes=null data.t_max=10 data.coarser=[5,2] data.max_level=13",
    "data.attributes=[Male] data.age_thresholds=[] data.verification.root=null",
    "optimizer.lr=1e30 optimizer.ema_decay=null optimizer.warmup=1 optimizer.warmup=0",
    "trainer.max_epochs=0 trainer.max_steps=-1 trainer.max_steps=5 trainer.precision=16",
    "trainer.devices=auto trainer.devices=[1] trainer.devices='0,1' trainer.devices=-1",
    "trainer.devices='2' trainer.limit_val_batches=0 trainer.limit_val_batches=0.5",
    "trainer.limit_train_batches=0.1 trainer.limit_train_batches=1.0",
    "trainer.gradient_clip_val=null",
    "trainer.strategy=ddp_find_unused_parameters_true trainer.benchmark=true",
    "+trainer.deterministic=warn +trainer.gradient_clip_algorithm=value",
    "+trainer.val_check_interval=0.5 +trainer.detect_anomaly=true +backbone.initialisation=he",
    "task.head.extras=[] task.head.scales=[0.1,0.9] task.module.radii_km=[750] task.head.dropout=0",
    "backbone.weights=none backbone.weights=/a/b.ckpt",
    "logger=[] task.distillation.answers=detections task.distillation.gamma=0 data.unlabelled=null",
    "optimizer.optimizer._target_=torch.optim.AdamW task.bench=null data.prepare=null",
]


@pytest.mark.slow
@pytest.mark.parametrize("override", " ".join(TAKEN).split())
def test_a_value_within_its_range_is_taken(override):
    assert said(*options(override)) == []


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ("early_stop=3", "a group of options; set one of them, such as early_stop.patience="),
        ("task=picodet_coco task.head.maps=2", "all of the trunk's 3 maps have anchors"),
        ("task=ssdlite_fpn_coco task.head.maps=1 task.head.taps=[a,b]", "at least 2; for fewer"),
        ("+ckpt_path=x", "resume=PATH"),
        ("+trainer.resume_from_checkpoint=x", "resume=PATH"),
        ("+trainer.logger=true", "metrics.csv in the run directory"),
        ("+trainer.logger._target_=a.B", "metrics.csv in the run directory"),
        ("+trainer.callbacks=[]", "a run has its own callbacks"),
        ("+trainer.fast_dev_run=true", "mode=smoke"),
        ("+trainer.profiler=simple", "python -m tasks.bench"),
        ("+trainer.max_time=1", "trainer.max_epochs"),
        ("+data.annotations=x", "data.root"),
        ("+data.batchsize=4", "Did you mean data.batch_size?"),
        ("data.batchsize=4", "Did you mean data.batch_size?"),
        ("+batch_size=4", "Did you mean data.batch_size"),
        ("+trainer.max_epoch=4", "Did you mean trainer.max_epochs?"),
        ("+optimizer.learning_rate=0.1", "Did you mean optimizer.lr?"),
        ("+task.head.drop=0.1", "Did you mean task.head.dropout?"),
        ("distill.teacher=x.ckpt", "distill.teacher exists with distill=teacher"),
        ("optimizer=adamw optimizer.momentum=0", "momentum exists with optimizer=rmsprop,"),
        ("trainer.deterministic=true", "set it with +trainer.deterministic="),
        ("data.module.batch_size=-1", "set data.batch_size"),
        ("data.source.root=/x", "set data.root"),
        ("data.check.source.root=/x", "set data.root"),
        ("data.module.view.box=null", "set data.view.box"),
        ("optimizer._partial_=true", "cannot be set"),
        ("task.module.flip=0", "task.module.flip: this option is now called preprocess.flip"),
        (
            "+task.module.brightness=0",
            "task.module.brightness=0: this option is now called preprocess.brightness",
        ),
        (
            "data.crop_fraction=1",
            "data.crop_fraction: this option is now called data.view.crop_fraction",
        ),
        (
            "data.keep_aspect=true",
            "data.keep_aspect: this option is now called data.view.keep_aspect",
        ),
        ("task.module.box=null", "task.module.box: this option is now called data.view.box"),
        ("~trainer.max_epochs", "trainer.max_epochs is missing: it must be a whole number from 0"),
        ("~optimizer.lr", "optimizer.lr is missing: it must be a number above 0"),
        ("backbone=timm", "backbone.name is not given"),
        ("distill=teacher", "distill.teacher is not given: add distill.teacher=, a path"),
        ("data.kind=faces", "needs data of kind 'classification'"),
        ("optimizer=sgd optimizer.optimizer.momentum=0", "momentum above 0"),
        ("data.root=123", "'data.root=\"123\"'"),
        ("trainer.accelerator=cpu trainer.devices=[1]", "number of processes"),
    ],
)
def test_what_is_said_of_an_option_that_is_not_there_or_not_taken(overrides, line):
    lines = said("task=image_folder", *overrides.split())
    assert len(lines) == 1, lines
    assert line in lines[0]


def test_every_wrong_option_gets_a_line():
    lines = said("task=ssd_coco", "seed=-1", "+nothing=1", "trainer.max_epochs=x", "data.year=1999")
    assert [line.partition("=")[0] for line in lines] == [
        "nothing", "seed", "data.year", "trainer.max_epochs",
    ]  # fmt: skip


def test_a_timm_trunk_takes_arguments_of_timms_own():
    overrides = ["task=image_folder", "backbone=timm", "backbone.name=resnet50"]
    assert said(*overrides, "+backbone.drop_path_rate=0.1") == []
    assert said(*overrides, "+backbone.drop_path_rate=nan") == [
        "backbone.drop_path_rate=nan: must be a finite number"
    ]


@pytest.mark.slow
def test_options_of_a_task_from_elsewhere_have_the_types_of_their_defaults(tmp_path):
    (tmp_path / "task").mkdir()
    (tmp_path / "task/grades.yaml").write_text(
        "# @package _global_\ndefaults: [image_folder]\ntask:\n  name: grades\n"
        "  module: {_target_: grades.Grades, steps: 3, names: [a], share: 0.5}\n"
        "  head: {_target_: grades.Thresholds}\n"
    )
    task = (f"hydra.searchpath=['file://{tmp_path}']", "task=grades")
    assert said(*task, "task.module.steps=4", "task.module.share=1", "+task.module.more=x") == []
    assert said(*task, "task.module.steps=2.5") == [
        "task.module.steps=2.5: must be a whole number, such as 3"
    ]
    assert said(*task, "task.module.names=b") == [
        "task.module.names=b: must be a list, such as [a]"
    ]
    assert said(*task, "task.module.share=nan") == [
        "task.module.share=nan: must be a finite number"
    ]
    assert said(*task, "data.batch_size=0") == [
        "data.batch_size=0: must be a whole number from 1, or auto"
    ]
    (line,) = said(*task, "task.module.stepps=4")
    assert "Did you mean task.module.steps?" in line


def test_photographs_without_boxes_and_a_teacher_without_a_lesson_are_refused():
    teacher = ("task=ssd_coco", "distill=teacher", "distill.teacher=x.ckpt")
    assert said(*teacher, "data.unlabelled=photos") == []
    (line,) = said("task=ssd_coco", "data.unlabelled=photos")
    assert line.endswith("add distill=teacher distill.teacher=best.ckpt")
    (line,) = said(*teacher, "data.unlabelled=photos", "distill.weight=0.5")
    assert line.endswith("leave distill.weight at 1")
    weights = [f"task.distillation.{name}=0" for name in ("classes", "boxes")]
    (line,) = said(*teacher, *weights)
    assert "nothing would be learnt" in line
    assert said(*teacher, *weights, "task.distillation.features=1") == []
    assert said("task=ssd_coco", *weights) == []


def test_a_path_may_begin_with_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = check("task=image_folder", 'data.root="~/set"')
    assert config.data.root == config.data.source.root == str(tmp_path / "set")


def test_a_checked_configuration_cannot_be_changed():
    config = check("task=image_folder")
    with pytest.raises(Exception, match="read-only"):
        config.seed = 3


def test_a_missing_task_is_an_input_error():
    with pytest.raises(InputError, match="add task=NAME"):
        check("seed=1")
