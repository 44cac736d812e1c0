package org.drag4j.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Noise;
import org.drag4j.method.RegionDrag;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.Shape;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;

/**
 * Whole RegionDrag runs, each twice: with the recorded random numbers, and from the seed alone.
 * Rows come in the order the tensors come about.
 */
record ParityRegionDrag(
    Pipeline pipeline, ParityOptions options, ParityTolerance tolerance, ParityRows rows) {
  private static final String IMAGE = "image";
  private static final String PREVIEW = "preview";

  void check(ParityFile file) {
    var meta = file.metadata("meta");
    if (meta.isEmpty()) {
      if (file.names().stream().anyMatch(n -> n.endsWith(".clean.0"))) {
        throw file.unexpected("metadata", "meta, which describes the runs", "none");
      }
      return;
    }
    try {
      var c = Config.parse(file.fileName() + ": meta", meta.get());
      var runs = c.object("runs").orElseThrow(() -> c.unexpected("runs", "an object of runs"));
      var context = pipeline.encodeText(List.of(c.string("prompt"))).getFirst();
      long seed = seed(c);
      for (var tag : runs.keys()) {
        var values = runs.object(tag).orElseThrow(() -> runs.unexpected(tag, "an object"));
        ParityRun.of(tag, values)
            .ifPresentOrElse(
                run -> check(file, run, context, seed),
                () ->
                    rows.skip(
                        "%s: %s: method %s is not supported"
                            .formatted(file.fileName(), tag, values.string("method"))));
      }
    } catch (ConfigException | IllegalArgumentException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  private static long seed(Config c) {
    try {
      return Long.parseLong(c.text("seed").orElse(""));
    } catch (NumberFormatException e) {
      throw new ParityException(String.valueOf(c.unexpected("seed", "an integer").getMessage()), e);
    }
  }

  private void check(ParityFile file, ParityRun run, float[] context, long seed) {
    int factor = pipeline.vae().factor();
    if (file.hasRank(IMAGE, 3)
        && (file.shape(IMAGE).dim(0) % factor != 0 || file.shape(IMAGE).dim(1) % factor != 0)) {
      rows.skip(
          "%s: %s: pictures with sides that are no multiples of %d are not checked"
              .formatted(file.fileName(), run.tag(), factor));
      return;
    }
    CycleSde chain;
    try {
      chain = run.chain(pipeline.scheduler());
    } catch (IllegalArgumentException e) {
      rows.fail(file, run.tag() + ".invert_timesteps", 0, String.valueOf(e.getMessage()));
      return;
    }
    var difference = run.difference(chain);
    if (difference.isPresent()) {
      rows.fail(file, run.tag() + ".invert_timesteps", 0, difference.get());
      return;
    }
    for (boolean seeded : new boolean[] {false, true}) {
      var once = new Once(file, run, chain, seeded);
      try {
        once.run(context, seed);
      } catch (Stop stop) {
        once.rest(String.valueOf(stop.getMessage()));
      } catch (IllegalArgumentException e) {
        rows.fail(file, run.tag() + ".source", 0, String.valueOf(e.getMessage()));
        once.rest("not reached");
      }
    }
  }

  /** A run cannot go on. */
  private static final class Stop extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stop(String message) {
      super(message);
    }
  }

  /** One repetition of a run. */
  private final class Once {
    private final ParityFile file;
    private final ParityRun run;
    private final CycleSde chain;
    private final boolean seeded;

    /** What has to come yet, in order. */
    private final Set<String> expected;

    private int draws;

    Once(ParityFile file, ParityRun run, CycleSde chain, boolean seeded) {
      this.file = file;
      this.run = run;
      this.chain = chain;
      this.seeded = seeded;
      expected = new LinkedHashSet<>(run.tensors(chain.inversionTimesteps().length));
      if (!seeded) {
        expected.removeIf(name -> name.startsWith("noise."));
      }
    }

    void run(float[] context, long seed) {
      var image = picture(IMAGE);
      int factor = pipeline.vae().factor();
      int columns = image.width() / factor;
      int rowsOfCells = image.height() / factor;
      var grid = new LatentGrid(rowsOfCells, columns, pipeline.vae().latentChannels());
      byte[] mask = mask(image);
      var cells = cells();

      var random = TorchRandom.seeded(seed);
      Noise noise = seeded ? count -> drawn(random.randn(count), grid) : n -> recorded(n, grid);
      var latents = new ArrayList<float[]>();
      latents.add(encode(image, grid, noise, 0));
      if (run.copiesFirst()) {
        latents.add(encode(picture(PREVIEW), grid, noise, 1));
      }
      var editing =
          new ParityEditing(
              pipeline,
              grid,
              chain,
              context,
              latents.getFirst(),
              latents.getLast(),
              cells.sourceCells(columns, rowsOfCells),
              cells.targetCells(columns, rowsOfCells),
              cells.targetBorderCells(columns, rowsOfCells),
              // As released: 1 lets a cell change, anything but 0 a pixel.
              where(mask, image, true).sample(columns, rowsOfCells),
              noise,
              (name, latent) -> latent(name, grid, latent));
      var method =
          RegionDrag.released(run.variant(), run.handleNoise(), options.batchedInversion());
      var edited = method.edit(options.editing().apply(editing));
      latent("final_latent", grid, edited);
      var output =
          Picture.fromModel(
                  pipeline.decode(edited, grid),
                  image.width(),
                  image.height(),
                  /* faithful= */ true)
              .composite(where(mask, image, false), image);
      var shape = Shape.of(image.height(), image.width(), 3);
      rows.picture(
          file, tensor("output"), name("output"), shape, output.rgb(), tolerance.pictureDb());
      expected.remove("output");
      rest("not computed");
    }

    /** Rows for everything that has not come. */
    void rest(String why) {
      for (var name : expected) {
        rows.fail(file, tensor(name), name(name), tolerance.latent(), why);
      }
      expected.clear();
    }

    private float[] encode(Picture picture, LatentGrid grid, Noise noise, int number) {
      var posterior =
          pipeline.encode(List.of(picture.toModel()), picture.height(), picture.width()).getFirst();
      var latent =
          posterior.sample(grid.fromNchw(noise.draw(grid.size())), pipeline.vae().scalingFactor());
      latent("clean." + number, grid, latent);
      return latent;
    }

    private Picture picture(String name) {
      if (!file.hasRank(name, 3) || file.shape(name).dim(2) != 3) {
        throw new Stop(name + ": expected [H, W, 3], got " + shapeOf(name));
      }
      var shape = file.shape(name);
      if (!name.equals(IMAGE) && !shape.equals(file.shape(IMAGE))) {
        throw new Stop(name + ": expected the image's shape, got " + shape);
      }
      return Picture.of(shape.dim(1), shape.dim(0), file.bytes(name));
    }

    private byte[] mask(Picture image) {
      var name = tensor("mask");
      if (!file.has(name) || !file.shape(name).equals(Shape.of(image.height(), image.width()))) {
        throw new Stop(name + ": expected the image's [H, W], got " + shapeOf(name));
      }
      return file.bytes(name);
    }

    private Mapping cells() {
      var columns = new ArrayList<int[]>();
      for (var end : List.of("source", "target")) {
        var name = tensor(end);
        if (!file.has(name) || file.shape(name).rank() != 2 || file.shape(name).dim(1) != 2) {
          throw new Stop(name + ": expected [cells, 2], got " + shapeOf(name));
        }
        int[] flat = file.ints(name);
        for (int which = 0; which < 2; which++) {
          int first = which;
          columns.add(IntStream.range(0, flat.length / 2).map(i -> flat[2 * i + first]).toArray());
        }
      }
      return Mapping.of(columns.get(0), columns.get(1), columns.get(2), columns.get(3));
    }

    private String shapeOf(String name) {
      return file.has(name) ? file.shape(name).toString() : "nothing";
    }

    private static RegionMask where(byte[] mask, Picture image, boolean one) {
      byte[] chosen = mask.clone();
      for (int i = 0; i < chosen.length; i++) {
        chosen[i] = (byte) ((one ? mask[i] == 1 : mask[i] != 0) ? 1 : 0);
      }
      return RegionMask.of(image.width(), image.height(), chosen);
    }

    /** The next recorded random numbers. */
    private float[] recorded(int count, LatentGrid grid) {
      var name = tensor(run.noise(draws++));
      if (!rows.present(file, name, ParityTolerance.DRAWN)) {
        throw new Stop("not reached: " + name + " is missing");
      }
      if (!file.shape(name).equals(drawnShape(count, grid))) {
        var note = "expected shape %s, got %s".formatted(file.shape(name), drawnShape(count, grid));
        rows.fail(file, name, ParityTolerance.DRAWN, note);
        throw new Stop("not reached: " + name + " is of another shape");
      }
      return file.floats(name);
    }

    /** The next random numbers of the seed, compared with the recorded ones. */
    private float[] drawn(float[] numbers, LatentGrid grid) {
      var name = run.noise(draws++);
      rows.close(
          file,
          tensor(name),
          name(name),
          drawnShape(numbers.length, grid),
          numbers,
          ParityTolerance.DRAWN,
          ParityTolerance.DRAWN_MAX);
      expected.remove(name);
      return numbers;
    }

    /** Every latent's noise has the latent's shape; only the handle noise is a column a cell. */
    private Shape drawnShape(int count, LatentGrid grid) {
      int handle = run.copiesFirst() ? 2 : chain.inversionTimesteps().length + 1;
      return draws - 1 == handle
          ? Shape.of(grid.channels(), count / grid.channels())
          : latentShape(grid);
    }

    private void latent(String name, LatentGrid grid, float[] latent) {
      rows.close(
          file,
          tensor(name),
          name(name),
          latentShape(grid),
          grid.toNchw(latent),
          tolerance.latent(),
          Double.POSITIVE_INFINITY);
      expected.remove(name);
    }

    private static Shape latentShape(LatentGrid grid) {
      return Shape.of(1, grid.channels(), grid.height(), grid.width());
    }

    private String tensor(String name) {
      return run.tag() + "." + name;
    }

    private String name(String name) {
      return file.row(tensor(name)) + (seeded ? "@seed" : "");
    }
  }
}
