package org.drag4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.drag4j.document.Setting;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.ModelShape;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.Guidance;
import org.drag4j.schedule.LatentGrid;

/**
 * SDE-Drag (Nie et al., ICLR 2024): moves square patches of a noised latent along arrows in small
 * steps, and denoises with the noise that leads the original back to itself.
 */
public record SdeDrag(
    @Setting(
            help = "steps of the whole noise range",
            standard = "100",
            least = 3,
            most = 999,
            label = "Steps")
        int steps,
    @Setting(
            help = "part of the noise range that every sub-drag walks out and back",
            standard = "0.6",
            most = 1,
            form = "two steps or more, and less than all",
            label = "Denoising strength")
        double start,
    @Setting(
            help = "cells that a patch moves in one sub-drag",
            standard = "2",
            least = 0.1,
            most = 512)
        double stepSize,
    @Setting(
            help = "part of a patch that stays where it comes from, the rest becomes noise",
            standard = "0.3",
            most = 1)
        double beta,
    @Setting(
            help = "cells from a patch's middle to its sides",
            standard = "5",
            least = 1,
            most = 256)
        int radius)
    implements EditMethod {
  /** What a patch is multiplied with where it arrives. */
  private static final float AMPLIFIED = 1.1f;

  /** A cell may change where the mask, reduced to cells, is above this level. */
  private static final int EDITABLE = 128;

  /** Checks that there are two steps to walk at least: the guidance is divided among them. */
  public SdeDrag {
    int walked = (int) (start * steps);
    if (walked < 2 || walked >= steps) {
      throw new EditDocumentException(
          "start",
          "two steps or more, and less than all",
          start + " of " + steps + " steps",
          "choose another value or more steps");
    }
  }

  /** The middle of a patch and where it goes, in cells. */
  private record Move(int sourceX, int sourceY, int targetX, int targetY) {
    static Move of(Arrow arrow, int factor) {
      return new Move(
          (int) (arrow.from().x() / factor),
          (int) (arrow.from().y() / factor),
          (int) (arrow.to().x() / factor),
          (int) (arrow.to().y() / factor));
    }

    float length() {
      float x = targetX - sourceX;
      float y = targetY - sourceY;
      return (float) Math.sqrt(x * x + y * y);
    }

    /** Part {@code i} of {@code count}, in float32 as released. */
    Move part(int i, int count) {
      return new Move(
          sourceX + along(i, count, targetX - sourceX),
          sourceY + along(i, count, targetY - sourceY),
          sourceX + along(i + 1, count, targetX - sourceX),
          sourceY + along(i + 1, count, targetY - sourceY));
    }

    private static int along(int i, int count, int distance) {
      return (int) ((float) i / count * distance);
    }
  }

  /** The cells of a patch about its middle; the last column and row are never among them. */
  private record Patch(int left, int right, int up, int down) {
    static Patch of(Move m, int radius, LatentGrid grid) {
      int w = grid.width() - 1;
      int h = grid.height() - 1;
      return new Patch(
          least(radius, m.sourceX(), m.targetX()),
          least(radius, w - m.sourceX(), w - m.targetX()),
          least(radius, m.sourceY(), m.targetY()),
          least(radius, h - m.sourceY(), h - m.targetY()));
    }

    private static int least(int a, int b, int c) {
      return Math.min(a, Math.min(b, c));
    }

    int width() {
      return Math.max(0, left + right);
    }

    int size() {
      return width() * Math.max(0, up + down);
    }

    /** Its cells about a middle, row by row. */
    int[] cells(int x, int y, LatentGrid grid) {
      int[] cells = new int[size()];
      for (int i = 0; i < cells.length; i++) {
        int row = y - up + i / width();
        cells[i] = row * grid.width() + x - left + i % width();
      }
      return cells;
    }
  }

  @Override
  public void check(Task task, ModelShape model) {
    if (model.unetChannels() != model.latentChannels()) {
      throw new EditDocumentException(
          "method.name",
          "a model whose UNet takes a latent alone",
          model.unetChannels() + " channels",
          "choose a model that is not for inpainting");
    }
  }

  @Override
  public List<String> warnings(Task task) {
    var warnings = new ArrayList<>(EditMethod.super.warnings(task));
    warnings.addAll(
        Warnings.turned(
            task,
            "a patch is shifted alone, so rotate and scale have no effect; choose the method"
                + " regiondrag"));
    return warnings;
  }

  @Override
  public Finish finish() {
    return new Finish(
        /* window= */ true, /* composite= */ false, /* truncated= */ true, /* blended= */ true);
  }

  @Override
  public boolean[] editable(Task task) {
    return task.editable().bicubic(task.view().columns(), task.view().rows(), EDITABLE);
  }

  @Override
  public List<Moved> moves(Task task) {
    int columns = task.view().columns();
    int rows = task.view().rows();
    var moves = new ArrayList<Moved>();
    for (var cells : patches(task)) {
      String name = "arrow " + (moves.size() + 1);
      byte[] from = new byte[columns * rows];
      for (int cell : cells.sourceCells(columns, rows)) {
        from[cell] = 1;
      }
      var idle =
          cells.size() > 0
              ? List.<String>of()
              : List.of(name + ": no part of its patch stays in the picture, so nothing moves");
      moves.add(
          new Moved(name, RegionMask.of(columns, rows, from), cells, cells.isStill(), idle, ""));
    }
    return moves;
  }

  /** Patches are copied as cells alone. */
  @Override
  public Preview preview(Task task, Picture original, Preview.Detail detail) {
    return EditMethod.super.preview(task, original, Preview.Detail.CELLS);
  }

  private List<Move> walks(Task task) {
    int factor = task.view().width() / task.view().columns();
    return task.arrows().stream().map(arrow -> Move.of(arrow, factor)).toList();
  }

  /** The cells of every arrow's patch, from where it starts to where it ends. */
  private List<Mapping> patches(Task task) {
    var grid = new LatentGrid(task.view().rows(), task.view().columns(), 1);
    return walks(task).stream()
        .map(move -> {
          var patch = Patch.of(move, radius, grid);
          int[] from = patch.cells(move.sourceX(), move.sourceY(), grid);
          int[] to = patch.cells(move.targetX(), move.targetY(), grid);
          return Mapping.ofCells(from, to, grid.width());
        })
        .toList();
  }

  @Override
  public Result edit(Session s) {
    s.progress().phase("encode", 1);
    var contexts = s.text("", s.prompt());
    var z = s.sample(s.picture());
    s.observe("clean", z);
    s.progress().advance(1, 1);
    var moves = walks(s.task());
    int parts = parts(moves);
    try (var denoiser = denoiser(s, contexts)) {
      var walk = new Walk(s, denoiser, parts);
      for (int i = 0; i < parts; i++) {
        int part = i;
        z = walk.drag(z, i, moves.stream().map(move -> move.part(part, parts)).toList());
      }
    }
    var original = s.task().view().original();
    return new Result.Latent(z, Mapping.concat(patches(s.task())).spread(original));
  }

  /** The number of sub-drags that brings their length nearest to the step size. */
  private int parts(List<Move> moves) {
    float longest = 0;
    for (var move : moves) {
      longest = Math.max(longest, move.length());
    }
    float step = (float) stepSize;
    if (longest <= step) {
      return 1;
    }
    int parts = (int) (longest / step);
    boolean nearer = Math.abs(longest / parts - step) > Math.abs(longest / (parts + 1) - step);
    return nearer ? parts + 1 : parts;
  }

  /** The edit and the original, each without and with the prompt, in one call. */
  private static Denoiser denoiser(Session s, List<float[]> contexts) {
    var both = new ArrayList<>(contexts);
    both.addAll(contexts);
    return Denoiser.compile(s.models(), s.grid(), both);
  }

  /** The sub-drags of one edit. */
  private final class Walk {
    private final Session s;
    private final Denoiser denoiser;
    private final LatentGrid grid;
    private final CycleSde sde;
    private final boolean[] editable;
    private final int[] back;
    private final int all;
    private int done;

    Walk(Session s, Denoiser denoiser, int parts) {
      this.s = s;
      this.denoiser = denoiser;
      grid = s.grid();
      sde = CycleSde.of(s.scheduler(), steps, start);
      editable = editable(s.task());
      back = sde.denoisingTimesteps();
      all = parts * back.length;
      s.observe("mask_cells", numbers(editable));
      s.progress().phase("edit", all);
    }

    /** One sub-drag: noise, move the patches, denoise beside the original. */
    float[] drag(float[] clean, int part, List<Move> moves) {
      observe(part, "points", numbers(moves));
      var states = noised(clean, part);
      var x = states.getLast().clone();
      moves.forEach(move -> paste(x, move));
      observe(part, "pasted", x);
      return denoised(x, states, part);
    }

    /** The states of the way out, the clean latent first; no network is asked. */
    private List<float[]> noised(float[] clean, int part) {
      int[] out = sde.inversionTimesteps();
      var states = new ArrayList<>(List.of(clean));
      for (int j = 0; j < out.length; j++) {
        var noise = grid.fromNchw(s.noise().draw(grid.size()));
        states.add(sde.addNoise(out[j], states.getLast(), noise));
        observe(part, String.format(Locale.ROOT, "forward.%02d", j), states.getLast());
      }
      return states;
    }

    private void paste(float[] x, Move move) {
      var patch = Patch.of(move, radius, grid);
      if (patch.size() == 0) {
        return;
      }
      int channels = grid.channels();
      int[] from = patch.cells(move.sourceX(), move.sourceY(), grid);
      int[] to = patch.cells(move.targetX(), move.targetY(), grid);
      var noise = s.noise().draw(channels * patch.size());
      float keep = (float) beta;
      float add = (float) Math.sqrt(1 - beta * beta);
      float[] before = x.clone();
      for (int i = 0; i < from.length; i++) {
        for (int c = 0; c < channels; c++) {
          float value = before[from[i] * channels + c];
          x[from[i] * channels + c] = keep * value + add * noise[c * from.length + i];
        }
      }
      for (int i = 0; i < to.length; i++) {
        for (int c = 0; c < channels; c++) {
          x[to[i] * channels + c] = AMPLIFIED * before[from[i] * channels + c];
        }
      }
    }

    /** The way back; what must not change follows the original's states. */
    private float[] denoised(float[] pasted, List<float[]> states, int part) {
      var x = pasted;
      for (int k = 0; k < back.length; k++) {
        int t = back[k];
        int j = back.length - k;
        var noisier = states.get(j);
        var cleaner = states.get(j - 1);
        var outputs = denoiser.predict(batch(x, noisier), times(t), SiteBank.Slots.NONE);
        double guidance = 1 + 2.0 * j / (back.length - 1);
        var edited = sde.schedule().epsilon(t, x, guided(outputs, 0, guidance));
        var original = sde.schedule().epsilon(t, noisier, guided(outputs, 2, guidance));
        var noise = sde.recoverNoise(t - sde.stride(), cleaner, noisier, original);
        x = sde.sample(t, x, edited, noise);
        observe(part, String.format(Locale.ROOT, "denoise.%02d.out", k), x);
        x = grid.select(editable, x, cleaner);
        s.show(x, ++done, all);
        s.progress().advance(done, all);
      }
      observe(part, "latent", x);
      return x;
    }

    private float[] batch(float[] edited, float[] original) {
      int n = grid.size();
      var batch = new float[4 * n];
      for (int i = 0; i < 4; i++) {
        System.arraycopy(i < 2 ? edited : original, 0, batch, i * n, n);
      }
      return batch;
    }

    private int[] times(int t) {
      int[] times = new int[4];
      Arrays.fill(times, t);
      return times;
    }

    private float[] guided(float[] outputs, int first, double guidance) {
      int n = grid.size();
      return Guidance.of(
          Arrays.copyOfRange(outputs, first * n, (first + 1) * n),
          Arrays.copyOfRange(outputs, (first + 1) * n, (first + 2) * n),
          guidance);
    }

    private void observe(int part, String what, float[] values) {
      s.observe("sub." + part + "." + what, values);
    }
  }

  private static float[] numbers(boolean[] cells) {
    var numbers = new float[cells.length];
    for (int i = 0; i < cells.length; i++) {
      numbers[i] = cells[i] ? 1 : 0;
    }
    return numbers;
  }

  private static float[] numbers(List<Move> moves) {
    var numbers = new float[4 * moves.size()];
    for (int i = 0; i < moves.size(); i++) {
      var move = moves.get(i);
      int[] four = {move.sourceX(), move.sourceY(), move.targetX(), move.targetY()};
      for (int k = 0; k < 4; k++) {
        numbers[4 * i + k] = four[k];
      }
    }
    return numbers;
  }
}
