#!/usr/bin/env python3
"""Times the networks of a Stable Diffusion model in PyTorch on the CPU, taking turns with drag4j.

    python3 docs/bench/torch_cpu.py unet --model DIR --threads 2 --runs 5
    python3 docs/bench/torch_cpu.py vae-decode --model DIR --variants f32,f32-cl,bf16,bf16-cl,f32-cl-compile
    python3 docs/bench/torch_cpu.py unet --model DIR --devices cpu,opencl:0 --variants f32
    python3 docs/bench/torch_cpu.py edit --model DIR -- --batch 10

Needs PyTorch (made with 2.13) and nothing else; --variants ...-compile also needs a C++ compiler. The networks
are plain modules under diffusers' tensor names, loaded from the same safetensors files. First both sides compute
the same inputs and the relative L2 of the outputs is printed. Then they run one after the other, A B A B or, with
several --devices of drag4j, A B C A B C, each time when the machine is idle; a run during which other programs took
more than --foreign of the processors is thrown away and done again. What follows -- goes to drag4j bench.
"""

import argparse
import json
import math
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")

import torch  # noqa: E402  (the warning comes from the import)
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

DTYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,
    "I64": torch.int64,
}
INVERTED = 10  # steps of an edit that are inverted and denoised again
# Relative L2 beyond which the two are not the same network; another network gives about 1.4.
LIMITS = {"f32": 2e-4, "f16": 0.1, "bf16": 0.5}


def safetensors(path):
    """Tensors of a file by name, mapped."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    length = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            kind = DTYPES[entry["dtype"]]
            flat = torch.frombuffer(data, dtype=kind, count=(end - start) // kind.itemsize, offset=8 + length + start)
            tensors[name] = flat.view(entry["shape"])
    return tensors


class Attention(nn.Module):
    """Keys and values go into `bank` where `mode` is capture, and come from there where it is inject."""

    def __init__(self, dim, context, heads, bias=False):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=bias)
        self.to_k = nn.Linear(context, dim, bias=bias)
        self.to_v = nn.Linear(context, dim, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])
        self.mode = None
        self.bank = None

    def split(self, x):
        n, t, c = x.shape
        return x.view(n, t, self.heads, c // self.heads).transpose(1, 2)

    def forward(self, x, context):
        if self.mode == "inject":
            k, v = self.bank
        else:
            k, v = self.to_k(context), self.to_v(context)
            if self.mode == "capture":
                self.bank = (k, v)
        y = F.scaled_dot_product_attention(self.split(self.to_q(x)), self.split(k), self.split(v))
        return self.to_out[0](y.transpose(1, 2).reshape(x.shape))


class GatedProjection(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, 8 * dim)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.ModuleList([GatedProjection(dim), nn.Identity(), nn.Linear(4 * dim, dim)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    def __init__(self, dim, context, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim) for _ in range(3))
        self.attn1 = Attention(dim, dim, heads)
        self.attn2 = Attention(dim, context, heads)
        self.ff = FeedForward(dim)

    def forward(self, x, context):
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, dim, context, heads, layers, groups, linear):
        super().__init__()
        self.linear = linear
        self.norm = nn.GroupNorm(groups, dim, eps=1e-6)
        self.proj_in = nn.Linear(dim, dim) if linear else nn.Conv2d(dim, dim, 1)
        self.transformer_blocks = nn.ModuleList(TransformerBlock(dim, context, heads) for _ in range(layers))
        self.proj_out = nn.Linear(dim, dim) if linear else nn.Conv2d(dim, dim, 1)

    def forward(self, x, context):
        n, c, height, width = x.shape
        h = self.norm(x)
        if not self.linear:
            h = self.proj_in(h)
        h = h.permute(0, 2, 3, 1).reshape(n, height * width, c)
        if self.linear:
            h = self.proj_in(h)
        for block in self.transformer_blocks:
            h = block(h, context)
        if self.linear:
            h = self.proj_out(h)
        h = h.view(n, height, width, c).permute(0, 3, 1, 2)
        return x + (h if self.linear else self.proj_out(h))


class Resnet(nn.Module):
    def __init__(self, inside, outside, temb, groups, eps):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inside, eps=eps)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.time_emb_proj = nn.Linear(temb, outside) if temb else None
        self.norm2 = nn.GroupNorm(groups, outside, eps=eps)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inside, outside, 1) if inside != outside else None

    def forward(self, x, temb=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if temb is not None:
            h = h + self.time_emb_proj(F.silu(temb))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Downsample(nn.Module):
    def __init__(self, channels, asymmetric):
        super().__init__()
        self.asymmetric = asymmetric
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=0 if asymmetric else 1)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.asymmetric else x)


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, size):
        return self.conv(F.interpolate(x, size=size, mode="nearest"))


class Block(nn.Module):
    """Residual blocks, each followed by attention where there is some, then a resampler where there is one."""

    def __init__(self, resnets, attentions=(), down=None, up=None):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        if attentions:
            self.attentions = nn.ModuleList(attentions)
        self.attended = len(attentions) > 0
        self.downsamplers = nn.ModuleList([down]) if down else None
        self.upsamplers = nn.ModuleList([up]) if up else None


class Embedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.linear_1 = nn.Linear(dim, 4 * dim)
        self.linear_2 = nn.Linear(4 * dim, 4 * dim)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


def listed(value, count):
    return value if isinstance(value, list) else [value] * count


class Unet(nn.Module):
    """UNet2DConditionModel of Stable Diffusion 1.x and 2.x."""

    def __init__(self, c):
        super().__init__()
        channels = c["block_out_channels"]
        count, first, layers = len(channels), channels[0], c["layers_per_block"]
        groups, eps = c.get("norm_num_groups", 32), c.get("norm_eps", 1e-5)
        heads = listed(c.get("num_attention_heads") or c["attention_head_dim"], count)
        deep = listed(c.get("transformer_layers_per_block", 1), count)

        def resnet(inside, outside):
            return Resnet(inside, outside, 4 * first, groups, eps)

        def transformer(i):
            linear = c.get("use_linear_projection", False)
            return Transformer(channels[i], c["cross_attention_dim"], heads[i], deep[i], groups, linear)

        self.first = first
        self.time_embedding = Embedding(first)
        self.conv_in = nn.Conv2d(c["in_channels"], first, 3, padding=1)
        self.down_blocks = nn.ModuleList()
        skips = [first]
        for i, kind in enumerate(c["down_block_types"]):
            inside = channels[max(0, i - 1)]
            last = i == count - 1
            self.down_blocks.append(
                Block(
                    [resnet(inside if k == 0 else channels[i], channels[i]) for k in range(layers)],
                    [transformer(i) for _ in range(layers)] if "CrossAttn" in kind else (),
                    down=None if last else Downsample(channels[i], asymmetric=False),
                )
            )
            skips += [channels[i]] * (layers if last else layers + 1)
        top = channels[-1]
        self.mid_block = Block([resnet(top, top), resnet(top, top)], [transformer(count - 1)])
        self.up_blocks = nn.ModuleList()
        below = top
        for i, kind in enumerate(c["up_block_types"]):
            level = count - 1 - i
            resnets = []
            for _ in range(layers + 1):
                resnets.append(resnet(below + skips.pop(), channels[level]))
                below = channels[level]
            self.up_blocks.append(
                Block(
                    resnets,
                    [transformer(level) for _ in resnets] if "CrossAttn" in kind else (),
                    up=Upsample(below) if i < count - 1 else None,
                )
            )
        self.conv_norm_out = nn.GroupNorm(groups, first, eps=eps)
        self.conv_out = nn.Conv2d(first, c["out_channels"], 3, padding=1)

    def forward(self, sample, timestep, encoder_hidden_states):
        half = self.first // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32, device=timestep.device) / half)
        angles = timestep.float()[:, None] * rates
        temb = self.time_embedding(torch.cat([angles.cos(), angles.sin()], dim=-1).to(sample.dtype))
        x = self.conv_in(sample)
        skips = [x]
        for block in self.down_blocks:
            for k, resnet in enumerate(block.resnets):
                x = resnet(x, temb)
                if block.attended:
                    x = block.attentions[k](x, encoder_hidden_states)
                skips.append(x)
            if block.downsamplers is not None:
                x = block.downsamplers[0](x)
                skips.append(x)
        x = self.mid_block.resnets[0](x, temb)
        x = self.mid_block.attentions[0](x, encoder_hidden_states)
        x = self.mid_block.resnets[1](x, temb)
        for block in self.up_blocks:
            for k, resnet in enumerate(block.resnets):
                x = resnet(torch.cat([x, skips.pop()], dim=1), temb)
                if block.attended:
                    x = block.attentions[k](x, encoder_hidden_states)
            if block.upsamplers is not None:
                x = block.upsamplers[0](x, skips[-1].shape[-2:])
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class PixelAttention(Attention):
    """Attention of one head over all pixels, added to them."""

    def __init__(self, channels, groups):
        super().__init__(channels, channels, 1, bias=True)
        self.group_norm = nn.GroupNorm(groups, channels, eps=1e-6)

    def forward(self, x):
        n, c, height, width = x.shape
        h = self.group_norm(x).view(n, c, height * width).transpose(1, 2)
        h = super().forward(h, h)
        return x + h.transpose(1, 2).reshape(n, c, height, width)


class Coder(nn.Module):
    """Encoder or decoder of AutoencoderKL."""

    def __init__(self, c, encode):
        super().__init__()
        channels = c["block_out_channels"] if encode else c["block_out_channels"][::-1]
        groups, layers = c.get("norm_num_groups", 32), c["layers_per_block"] + (0 if encode else 1)
        latent = c["latent_channels"]

        def resnet(inside, outside):
            return Resnet(inside, outside, 0, groups, 1e-6)

        self.conv_in = nn.Conv2d(c["in_channels"] if encode else latent, channels[0], 3, padding=1)
        blocks = []
        for i, width in enumerate(channels):
            inside = channels[max(0, i - 1)]
            more = i < len(channels) - 1
            blocks.append(
                Block(
                    [resnet(inside if k == 0 else width, width) for k in range(layers)],
                    down=Downsample(width, asymmetric=True) if encode and more else None,
                    up=Upsample(width) if not encode and more else None,
                )
            )
        self.encode = encode
        if encode:
            self.down_blocks = nn.ModuleList(blocks)
        else:
            self.up_blocks = nn.ModuleList(blocks)
        top = channels[-1] if encode else channels[0]
        self.mid_block = Block([resnet(top, top), resnet(top, top)], [PixelAttention(top, groups)])
        self.conv_norm_out = nn.GroupNorm(groups, channels[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(channels[-1], 2 * latent if encode else c["out_channels"], 3, padding=1)

    def middle(self, x):
        x = self.mid_block.attentions[0](self.mid_block.resnets[0](x))
        return self.mid_block.resnets[1](x)

    def forward(self, x):
        x = self.conv_in(x)
        if not self.encode:
            x = self.middle(x)
        for block in self.down_blocks if self.encode else self.up_blocks:
            for resnet in block.resnets:
                x = resnet(x)
            if block.downsamplers is not None:
                x = block.downsamplers[0](x)
            if block.upsamplers is not None:
                x = block.upsamplers[0](x, (2 * x.shape[-2], 2 * x.shape[-1]))
        if self.encode:
            x = self.middle(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class VaeEncode(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.encoder = Coder(c, encode=True)
        self.quant_conv = nn.Conv2d(2 * c["latent_channels"], 2 * c["latent_channels"], 1)

    def forward(self, image):
        return self.quant_conv(self.encoder(image))


class VaeDecode(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.decoder = Coder(c, encode=False)
        self.post_quant_conv = nn.Conv2d(c["latent_channels"], c["latent_channels"], 1)

    def forward(self, z):
        return self.decoder(self.post_quant_conv(z))


class TextAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (p(x).view(n, t, self.heads, -1).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(y.transpose(1, 2).reshape(n, t, c))


class TextLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        dim, inner = c["hidden_size"], c["intermediate_size"]
        self.quick = c["hidden_act"] == "quick_gelu"
        self.self_attn = TextAttention(dim, c["num_attention_heads"])
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, inner), "fc2": nn.Linear(inner, dim)})

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        h = self.mlp["fc1"](self.layer_norm2(x))
        h = h * torch.sigmoid(1.702 * h) if self.quick else F.gelu(h)
        return x + self.mlp["fc2"](h)


class Text(nn.Module):
    """CLIPTextModel."""

    def __init__(self, c):
        super().__init__()
        dim = c["hidden_size"]
        self.text_model = nn.ModuleDict(
            {
                "embeddings": nn.ModuleDict(
                    {
                        "token_embedding": nn.Embedding(c["vocab_size"], dim),
                        "position_embedding": nn.Embedding(c["max_position_embeddings"], dim),
                    }
                ),
                "encoder": nn.ModuleDict(
                    {"layers": nn.ModuleList(TextLayer(c) for _ in range(c["num_hidden_layers"]))}
                ),
                "final_layer_norm": nn.LayerNorm(dim),
            }
        )

    def forward(self, ids):
        embeddings = self.text_model["embeddings"]
        x = embeddings["token_embedding"](ids.long()) + embeddings["position_embedding"].weight
        for layer in self.text_model["encoder"]["layers"]:
            x = layer(x)
        return self.text_model["final_layer_norm"](x)


NETWORKS = {  # target: class, folder, names of inputs, name of the output
    "unet": (Unet, "unet", ["sample", "timestep", "encoder_hidden_states"], "out_sample"),
    "vae-encode": (VaeEncode, "vae", ["image"], "moments"),
    "vae-decode": (VaeDecode, "vae", ["z"], "decoded"),
    "text": (Text, "text_encoder", ["ids"], "last_hidden_state"),
}


def today(name):
    """The name of a tensor whose file may be older than diffusers' present names."""
    if ".attentions.0." in name and "transformer_blocks" not in name:
        for old, new in {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}.items():
            name = name.replace(f".{old}.", f".{new}.")
    return name


class Variant:
    """How PyTorch runs a network: f32, f16 or bf16, -cl for channels_last, -compile for torch.compile."""

    def __init__(self, name, device="cpu"):
        self.device = device
        kind, *flags = name.split("-")
        if kind not in LIMITS or set(flags) - {"cl", "compile"}:
            sys.exit(f"--variants: expected f32, f16 or bf16, then -cl and -compile as wanted, got {name}")
        self.name = name
        self.kind = kind
        self.dtype = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[kind]
        self.layout = torch.channels_last if "cl" in flags else torch.contiguous_format
        self.compiled = "compile" in flags

    def network(self, model, target):
        build, folder, _, _ = NETWORKS[target]
        config = json.loads((model / folder / "config.json").read_text())
        with torch.device("meta"):
            network = build(config)
        files = [f for f in (model / folder).iterdir() if f.name.endswith("model.safetensors")]
        weights = {today(name): x for name, x in safetensors(files[0]).items()}
        wanted = network.state_dict().keys()
        network.load_state_dict({k: weights[k].to(self.device, self.dtype) for k in wanted}, assign=True)
        network.eval().requires_grad_(False)
        if self.layout == torch.channels_last:
            network = network.to(memory_format=torch.channels_last)
        return torch.compile(network) if self.compiled else network

    def tensor(self, x):
        if not x.is_floating_point():
            return x.to(self.device)
        x = x.to(self.device, self.dtype)
        return x.contiguous(memory_format=self.layout) if x.dim() == 4 else x.contiguous()


class Edit:
    """The networks of a RegionDrag edit in its order: text, encoder, 10 calls that capture, 10 that inject, decoder."""

    def __init__(self, variant, model, size):
        if variant.compiled:
            sys.exit("edit: expected eager variants: a compiled network cannot be told to capture")
        self.variant = variant
        self.networks = {t: variant.network(model, t) for t in NETWORKS}
        self.selfs = [m.attn1 for m in self.networks["unet"].modules() if isinstance(m, TransformerBlock)]
        self.image = torch.zeros(1, 3, size, size, device=variant.device)

    def __call__(self):
        make = self.variant.tensor
        context = self.networks["text"](torch.zeros(1, 77, dtype=torch.int64, device=self.variant.device))
        latent = make(self.networks["vae-encode"](make(self.image))[:, :4].float())
        banks = []
        for i in range(INVERTED):
            self.unet("capture", latent, i, context)
            banks.append([a.bank for a in self.selfs])
        for i in reversed(range(INVERTED)):
            for attention, bank in zip(self.selfs, banks[i]):
                attention.bank = bank
            self.unet("inject", latent, i, context)
        return self.networks["vae-decode"](latent)

    def unet(self, mode, latent, i, context):
        for attention in self.selfs:
            attention.mode = mode
        return self.networks["unet"](latent, torch.full((1,), 50 * i + 1.0, device=self.variant.device), context)


class Machine:
    """Looks at /proc: how busy the machine is, and with whom."""

    hertz = os.sysconf("SC_CLK_TCK")

    def __init__(self, threshold, foreign, patience):
        self.threshold, self.foreign, self.patience = threshold, foreign, patience

    @staticmethod
    def busy():
        numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(numbers[:8]) - numbers[3] - numbers[4]  # all but idle and waiting for disks

    @classmethod
    def used(cls, pids):
        ticks = 0
        for pid in pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks

    def wait(self):
        """Until all processors together do less than `threshold` of one processor's work."""
        end = time.monotonic() + self.patience
        quiet = 0
        while quiet < 3:
            before = self.busy()
            time.sleep(0.3)
            quiet = quiet + 1 if (self.busy() - before) / self.hertz / 0.3 < self.threshold else 0
            if time.monotonic() > end:
                sys.exit(f"machine: expected it to be idle within {self.patience} s, got others' work; try later")

    def timed(self, pids, work):
        """Milliseconds of a piece of work that nobody disturbed."""
        for _ in range(20):
            self.wait()
            busy, own, start = self.busy(), self.used(pids), time.monotonic()
            result = work()
            seconds = time.monotonic() - start
            others = (self.busy() - busy - self.used(pids) + own) / self.hertz
            if others <= self.foreign * seconds * os.cpu_count() + 0.05:
                return seconds * 1000 if result is None else result
            print(f"  thrown away: others used {others:.1f} s of processor in {seconds:.1f} s", file=sys.stderr)
        sys.exit("machine: expected a quiet run in 20 tries, got none; try later or with a larger --foreign")


class Device:
    """A device of drag4j, and the command that times something on it."""

    def __init__(self, command, name, threads):
        self.name = name
        self.command = [*command, "--device", name]
        self.environment = dict(os.environ)
        if name == "cpu":
            self.command += ["--threads", str(threads)]
        else:  # the driver decides; PoCL listens to this
            self.environment["POCL_MAX_PTHREAD_COUNT"] = str(threads)

    def recorded(self):
        """Inputs and outputs of one run."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "run.safetensors"
            subprocess.run(
                [*self.command, "--warmup", "0", "--runs", "1", "--json", "--save", str(file)],
                check=True,
                stdout=subprocess.DEVNULL,
                env=self.environment,
            )
            return {name: x.clone() for name, x in safetensors(file).items()}


class Ours:
    """drag4j bench --serve."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(
            [*command, "--serve", "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"drag4j ended with {self.process.wait()}")
        return float(line)

    def close(self):
        self.process.stdin.close()
        report = json.loads(self.process.stdout.read())
        self.process.wait()
        return report


def relative(got, expected):
    expected = expected.double()
    return ((got.double() - expected).norm() / expected.norm()).item()


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=[*NETWORKS, "edit"])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--devices", default="cpu", help="of drag4j, by comma: cpu, opencl:0")
    parser.add_argument("--variants", default="f32,f32-cl", help="f32, f16, bf16, each with -cl and -compile; by comma")
    parser.add_argument("--drag4j", default=str(Path(__file__).resolve().parents[2] / "drag4j"))
    parser.add_argument("--check-only", action="store_true", help="compare outputs, time nothing")
    parser.add_argument("--idle", type=float, default=0.05, help="load, in processors, that still counts as idle")
    parser.add_argument("--foreign", type=float, default=0.02, help="share of the processors others may use in a run")
    parser.add_argument("--patience", type=float, default=3600, help="seconds to wait for an idle machine")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    a = parser.parse_args(sys.argv[1:split])
    torch.set_num_threads(a.threads)
    torch.set_grad_enabled(False)
    variants = [Variant(name) for name in a.variants.split(",")]
    bench = [a.drag4j, "bench", a.target, "--model", str(a.model), "--size", str(a.size)]
    bench += sys.argv[split + 1 :]
    devices = [Device(bench, name, a.threads) for name in a.devices.split(",")]

    recorded = {device.name: device.recorded() for device in devices} if a.target != "edit" else {}

    def prepare(variant):
        if a.target == "edit":
            return Edit(variant, a.model, a.size)
        _, _, names, output = NETWORKS[a.target]
        network = variant.network(a.model, a.target)
        # Timesteps stay float32, as in diffusers.
        given = recorded[devices[0].name]
        inputs = [given[n] if n == "timestep" else variant.tensor(given[n]) for n in names]
        theirs = network(*inputs)
        for device in devices:
            error = relative(theirs, recorded[device.name][output])
            print(
                f"{a.target} {variant.name}: relative L2 to drag4j {device.name} {error:.3g}",
                file=sys.stderr,
                flush=True,
            )
            if not error <= LIMITS[variant.kind]:
                sys.exit(f"{a.target}: expected the same network, got relative L2 {error}; nothing was timed")
        return lambda: network(*inputs)

    if a.check_only:
        for variant in variants:
            prepare(variant)
        return

    machine = Machine(a.idle, a.foreign, a.patience)
    running = {device.name: Ours(device.command, device.environment) for device in devices}
    pids = [os.getpid(), *(ours.process.pid for ours in running.values())]
    for ours in running.values():
        ours.run()  # also waits until it has warmed up
    print(f"PyTorch {torch.__version__}, {a.threads} threads, {a.size}x{a.size}; ms, {a.runs} runs each, in turns\n")
    row("what", "PyTorch", "min", "median", "drag4j", "min", "median", "ratio of min", "of median")
    row("---", "---", "--:", "--:", "---", "--:", "--:", "--:", "--:")
    for variant in variants:
        work = prepare(variant)
        for _ in range(1 if a.target == "edit" else 2):
            work()

        def once():
            work()

        theirs = []
        own = {name: [] for name in running}
        for _ in range(a.runs):
            for name, ours in running.items():
                own[name].append(machine.timed(pids, ours.run))
            theirs.append(machine.timed(pids, once))
        for name, times in own.items():
            ratio = min(theirs) / min(times), median(theirs) / median(times)
            row(
                a.target,
                variant.name,
                *(f"{x:.0f}" for x in (min(theirs), median(theirs))),
                name,
                *(f"{x:.0f}" for x in (min(times), median(times))),
                *(f"{r:.2f}" for r in ratio),
            )
        del work
    for name, ours in running.items():
        print(f"\ndrag4j {name}, all its runs: " + json.dumps(ours.close()))


if __name__ == "__main__":
    main()
