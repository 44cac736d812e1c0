#!/usr/bin/env python3
"""Compares drag4j on a GPU with PyTorch on the same card: first the numbers, then the times.

    python3 docs/bench/torch_gpu.py accuracy --model DIR --drag4j ./drag4j
    python3 docs/bench/torch_gpu.py timings --model DIR --drag4j ./drag4j
    python3 docs/bench/torch_gpu.py providers --model DIR --drag4j ./drag4j

accuracy: every network on one set of inputs in each --dtypes, against PyTorch in float32 with TF32 off, as
relative L2. timings: the UNet at batch 1, 2 and 10, the autoencoder both ways and an edit, against PyTorch's
eager float16 in channels_last, taking turns A B A B; both sides wait for the device at the end of a run. An
edit is text encoding, VAE encoding, 10 calls that capture (one by one, then as one batch), 10 that inject and
VAE decoding, with the weights resident and no file read. providers: the UNet in the last of --dtypes by every
provider that can be named, each against PyTorch in float32.

Needs PyTorch and torch_cpu.py beside it, which has the networks. --torch-device cpu tries the script itself
without a GPU. Prints rows of a Markdown table; ends with 1 where a limit is missed or a row could not be made.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from torch_cpu import INVERTED, NETWORKS, Edit, Ours, Variant, relative, row, safetensors

# Relative L2 to PyTorch in float32 that is allowed.
LIMITS = {"f32": 1e-4, "f16": 1e-2}


class BatchedEdit(Edit):
    """The same with the calls that capture as one."""

    def __call__(self):
        make = self.variant.tensor
        context = self.networks["text"](torch.zeros(1, 77, dtype=torch.int64, device=self.variant.device))
        latent = make(self.networks["vae-encode"](make(self.image))[:, :4].float())
        steps = torch.arange(INVERTED, device=self.variant.device) * 50.0 + 1.0
        for attention in self.selfs:
            attention.mode = "capture"
        several = make(latent.expand(INVERTED, -1, -1, -1).clone())
        self.networks["unet"](several, steps, context.expand(INVERTED, -1, -1))
        banks = [a.bank for a in self.selfs]
        for i in reversed(range(INVERTED)):
            for attention, (k, v) in zip(self.selfs, banks):
                attention.bank = (k[i : i + 1], v[i : i + 1])
            self.unet("inject", latent, i, context)
        return self.networks["vae-decode"](latent)


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


# Who else can do an operation of the UNet; the first is our own kernels throughout.
PROVIDERS = [
    ["linear=mma", "linear=fma", "conv2d=mma", "conv2d=fma", "attention=flash", "attention=gemm"],
    ["linear=cublaslt"],
    ["linear=jcublas"],
    ["conv2d=cudnn"],
    ["conv2d=jcudnn"],
    ["attention=cudnn"],
]


def bench(a, target, dtype, *more):
    command = [a.drag4j, "bench", target, "--model", str(a.model), "--size", str(a.size)]
    return [*command, "--device", a.device, "--dtype", dtype, *more]


def recorded(a, target, dtype, *more):
    """Inputs and outputs of one call of drag4j's."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.safetensors"
        command = bench(a, target, dtype, "--warmup", "0", "--runs", "1", "--json", "--save", str(file), *more)
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"drag4j ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return {name: x.clone() for name, x in safetensors(file).items()}


def compared(a, variant, network, target, dtype, name, *more):
    """One row: drag4j's numbers for a network beside PyTorch's; whether they are close enough."""
    _, _, names, output = NETWORKS[target]
    try:
        call = recorded(a, target, dtype, *more)
        # Timesteps stay float32, as in diffusers.
        got = network(*(variant.tensor(call[n]) for n in names))
        error = relative(call[output], got.cpu())
    except (OSError, RuntimeError, ValueError) as e:
        row(target, name, failure(e), "")
        return False
    ok = error <= LIMITS[dtype]
    row(target, name, f"{error:.3g}", f"{LIMITS[dtype]:g}{'' if ok else ' MISSED'}")
    return ok


def failure(e):
    return "failed: " + " ".join(str(e).split())[-300:].replace("|", "/")


def heading():
    row("network", "drag4j", "relative L2 to PyTorch float32", "allowed")
    row("---", "---", "--:", "--:")


def accuracy(a):
    heading()
    variant = Variant("f32", a.torch_device)
    for target in NETWORKS:
        network = variant.network(a.model, target)
        for dtype in a.dtypes.split(","):
            yield compared(a, variant, network, target, dtype, dtype)
        del network


def providers(a):
    heading()
    variant = Variant("f32", a.torch_device)
    network = variant.network(a.model, "unet")
    dtype = a.dtypes.split(",")[-1]
    for named in PROVIDERS:
        options = [word for one in named for word in ("--kernel", one)]
        yield compared(a, variant, network, "unet", dtype, f"{dtype} {' '.join(named)}", *options)


def timed(device, work):
    wait(device)
    start = time.perf_counter()
    work()
    wait(device)
    return (time.perf_counter() - start) * 1000


def workload(a, variant, target, batch):
    """What PyTorch does for a row."""
    if target == "edit":
        return (BatchedEdit if batch > 1 else Edit)(variant, a.model, a.size)
    _, folder, _, _ = NETWORKS[target]
    network = variant.network(a.model, target)
    c = json.loads((a.model / folder / "config.json").read_text())
    vae = json.loads((a.model / "vae" / "config.json").read_text())
    side = a.size // 2 ** (len(vae["block_out_channels"]) - 1)
    random = torch.Generator().manual_seed(1)
    if target == "unet":
        shapes = [(batch, c["in_channels"], side, side), (batch, 77, c["cross_attention_dim"])]
        x, context = (variant.tensor(torch.randn(s, generator=random)) for s in shapes)
        t = torch.full((batch,), 501.0, device=a.torch_device)
        return lambda: network(x, t, context)
    if target == "vae-encode":
        x = variant.tensor(torch.randn((batch, c["in_channels"], a.size, a.size), generator=random))
    else:
        x = variant.tensor(torch.randn((batch, c["latent_channels"], side, side), generator=random))
    return lambda: network(x)


def timings(a):
    dtype = "f16" if "f16" in a.dtypes.split(",") else "f32"
    name = "f16-cl" if a.torch_device == "cuda" else "f32-cl"
    variant = Variant(name, a.torch_device)
    row("ms", "batch", f"PyTorch {name} min", "median", f"drag4j {dtype} min", "median", "ratio of medians")
    row("---", "--:", "--:", "--:", "--:", "--:", "--:")
    for target, batch in [
        ("unet", 1),
        ("unet", 2),
        ("unet", 10),
        ("vae-encode", 1),
        ("vae-decode", 1),
        ("edit", 1),
        ("edit", INVERTED),
    ]:
        ours = None
        try:
            ours = Ours(bench(a, target, dtype, "--batch", str(batch), "--warmup", str(a.warmup)))
            ours.run()  # also waits until it has warmed up
            work = workload(a, variant, target, batch)
            for _ in range(a.warmup):
                timed(a.torch_device, work)
            theirs, own = [], []
            for _ in range(a.runs):
                own.append(ours.run())
                theirs.append(timed(a.torch_device, work))
            del work
            ours.close()
            row(
                target,
                batch,
                *(f"{x:.2f}" for x in (min(theirs), median(theirs), min(own), median(own))),
                f"{median(theirs) / median(own):.2f}",
            )
            yield True
        except (OSError, RuntimeError, ValueError) as e:
            row(target, batch, failure(e), "", "", "", "")
            if ours is not None:
                ours.process.kill()
            yield False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["accuracy", "timings", "providers"])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--drag4j", default=str(Path(__file__).resolve().parents[2] / "drag4j"))
    parser.add_argument("--device", default="cuda:0", help="drag4j's")
    parser.add_argument("--torch-device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--dtypes", default="f32,f16", help="drag4j's, by comma")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--warmup", type=int, default=3)
    a = parser.parse_args()
    if a.torch_device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch_gpu: expected a GPU that PyTorch can use, got none")
    torch.set_grad_enabled(False)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    done = list({"accuracy": accuracy, "timings": timings, "providers": providers}[a.what](a))
    card = torch.cuda.get_device_name() if a.torch_device == "cuda" else "cpu"
    print(f"PyTorch {torch.__version__} on {card}, {a.size}x{a.size}, {a.runs} runs, {done.count(False)} failed")
    sys.exit(0 if all(done) else 1)


if __name__ == "__main__":
    main()
