package org.drag4j.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.Border;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.Pairing;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.Task;
import org.drag4j.method.Result;
import org.drag4j.method.SdeDrag;
import org.drag4j.picture.PictureFiles;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;

/** Recorded SDE-Drag runs. */
final class SdeDragRecording implements MethodRecording {
  private static final String IMAGE = "image.png";

  /** Gates of a run without approximate kernels: the noised latents, and all later ones. */
  private static final double NOISED = 5e-6;

  private static final double LATENT = 2e-5;

  /** What the metadata say of one run. */
  private record Run(
      String tag, SdeDrag method, String prompt, long seed, int parts, List<String> draws) {
    static Run of(String tag, Config c) {
      return new Run(
          tag,
          new SdeDrag(
              c.integer("steps"),
              c.number("t0"),
              c.number("step_size"),
              c.number("beta"),
              c.integer("r")),
          c.string("prompt"),
          RecordedRun.seed(c),
          c.integer("sub_drags"),
          c.strings("draws"));
    }

    /** Name of the random tensor drawn as number {@code i}. */
    String noise(int i) {
      if (i >= draws.size()) {
        throw new RecordedRun.Stop("draw %d: expected %d draws at most".formatted(i, draws.size()));
      }
      return RecordedRun.numbered("noise.%02d.", i) + draws.get(i);
    }

    /** Tensors in the order they come about, names without tag. */
    List<String> tensors() {
      int steps = (int) (method.start() * method.steps());
      var names = new ArrayList<String>();
      int draw = 0;
      names.add(noise(draw++));
      names.add("clean");
      names.add("mask_cells");
      for (int part = 0; part < parts; part++) {
        String sub = "sub." + part + ".";
        names.add(sub + "points");
        for (int i = 0; i < steps; i++) {
          names.add(noise(draw++));
          names.add(sub + RecordedRun.numbered("forward.%02d", i));
        }
        while (draw < draws.size() && draws.get(draw).equals("patch")) {
          names.add(noise(draw++));
        }
        names.add(sub + "pasted");
        for (int i = 0; i < steps; i++) {
          names.add(sub + RecordedRun.numbered("denoise.%02d.out", i));
        }
        names.add(sub + "latent");
      }
      names.add("sub." + (parts - 1) + ".output");
      return names;
    }
  }

  @Override
  public String stem() {
    return "sdedrag";
  }

  @Override
  public void check(ParityFile file, Replay replay) {
    var meta = file.metadata("meta");
    if (meta.isEmpty()) {
      throw file.unexpected("metadata", "meta, which describes the runs", "none");
    }
    try {
      var c = Config.parse(file.fileName() + ": meta", meta.get());
      var runs = c.object("runs").orElseThrow(() -> c.unexpected("runs", "an object of runs"));
      for (var tag : runs.keys()) {
        var values = runs.object(tag).orElseThrow(() -> runs.unexpected(tag, "an object"));
        check(file, replay, Run.of(tag, values));
      }
    } catch (ConfigException | IllegalArgumentException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  private static void check(ParityFile file, Replay replay, Run run) {
    var tolerance = replay.tolerance();
    var form =
        new RecordedRun.Form(
            run.tag(),
            run.prompt(),
            run.seed(),
            replay.pipeline().scheduler(),
            run.tensors(),
            run::noise,
            name ->
                tolerance.gate(
                    name.contains("forward") || name.endsWith("pasted") ? NOISED : LATENT));
    RecordedRun.replay(
        replay,
        file,
        form,
        () -> PictureFiles.read(replay.folder().resolve(IMAGE)),
        recorded -> edit(file, run, recorded));
  }

  private static void edit(ParityFile file, Run run, RecordedRun recorded) {
    var image = recorded.picture();
    int[] source = RecordedRun.rows(file, run.tag() + ".source", 2);
    int[] target = RecordedRun.rows(file, run.tag() + ".target", 2);
    var arrows = new ArrayList<Arrow>();
    for (int i = 0; i < source.length; i += 2) {
      arrows.add(
          new Arrow(new Point(source[i], source[i + 1]), new Point(target[i], target[i + 1])));
    }
    var drag = new Drag("", Optional.empty(), Optional.empty(), arrows, Drag.Kind.POINTS);
    var mask = RecordedRun.mask(file, run.tag() + ".mask", image);
    var drawing =
        Drawing.of(
            List.of(drag),
            Optional.of(new Area.Painted("mask.png", mask)),
            image.width(),
            image.height());
    int longest = Math.max(image.width(), image.height());
    recorded.use(
        new Task(
            drawing,
            drawing.whole(longest, recorded.models().shape().factor()),
            Border.CUT,
            Pairing.AS_RELEASED));
    var result = (Result.Latent) run.method().edit(recorded.session());
    recorded.picture("sub." + (run.parts() - 1) + ".output", recorded.decoded(result.latent()));
  }
}
