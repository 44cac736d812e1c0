package org.drag4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.edit.Picture;
import org.drag4j.edit.Pipeline;
import org.drag4j.edit.Preview;
import org.drag4j.weights.ModelFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j preview}: what an edit will copy, at once and without a model. */
@Command(
    name = "preview",
    description =
        "Show which parts of a picture an edit copies where, and what will not work. No model is"
            + " loaded.",
    mixinStandardHelpOptions = true)
final class PreviewCommand implements Callable<Integer> {
  /** Without a model, pictures are taken to be of the size Stable Diffusion 1.5 was trained on. */
  private static final int NATIVE = 512;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DOC.json", description = "As for edit.")
  Path file = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      description = "The preview. Default: DOC-preview.png in the current folder.")
  Optional<Path> output = Optional.empty();

  @Option(
      names = "--detail",
      paramLabel = "cells|pixels",
      defaultValue = "cells",
      description =
          "Copy whole latent cells, as the edit does, or pixels. Default: ${DEFAULT-VALUE}.")
  Preview.Detail detail = Preview.Detail.CELLS;

  @Option(
      names = "--marks",
      description = "Tint cells left behind red and cells several drags meet in yellow.")
  boolean marks;

  @Option(
      names = "--regions",
      description =
          "Draw the regions instead of what is copied: handles outlined red, targets blue.")
  boolean regions;

  @Option(names = "--json", description = "Print the report as one JSON object.")
  boolean json;

  @Mixin final DocumentOptions options = new DocumentOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final ModelOption model = new ModelOption();

  @Override
  public Integer call() throws Exception {
    var out = output.orElseGet(() -> Path.of(EditRun.stem(file) + "-preview.png"));
    EditRun.requireOutput(spec, out);
    var edit = EditRun.open(file, options, image);
    EditRun.requireOutput(spec, out, edit.picture(), file);
    var preview = Preview.of(edit.document(), edit.original(), nativeSize(edit), detail);
    PictureFiles.writePng(drawn(preview, edit), out);
    var stdout = spec.commandLine().getOut();
    if (json) {
      stdout.println(new JsonMapper().writeValueAsString(json(preview, out)));
    } else {
      var err = spec.commandLine().getErr();
      lines(preview).forEach(err::println);
      err.flush();
      stdout.println(out);
    }
    stdout.flush();
    return ExitCode.OK;
  }

  private Picture drawn(Preview preview, EditRun edit) {
    if (regions) {
      return Preview.regions(edit.document(), edit.original());
    }
    return marks ? preview.marked() : preview.picture();
  }

  /** The model's own size where its configuration is at hand. */
  private int nativeSize(EditRun edit) {
    return model
        .folder
        .or(() -> edit.document().model().map(edit.documentFolder()::resolve))
        .filter(folder -> Files.isDirectory(folder.resolve("unet")))
        .map(folder -> Pipeline.nativeSize(ModelFolder.open(folder)))
        .orElse(NATIVE);
  }

  private static List<String> lines(Preview preview) {
    var view = preview.frame().working();
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "works on %dx%d at (%d, %d) as %dx%d, %dx%d cells",
            view.windowWidth(),
            view.windowHeight(),
            view.x(),
            view.y(),
            view.width(),
            view.height(),
            view.columns(),
            view.rows()));
    for (var drag : preview.drags()) {
      String state =
          !drag.problem().isEmpty()
              ? drag.problem()
              : drag.handleCells()
                  + " cells to "
                  + drag.targetCells()
                  + (drag.tooSmall()
                      ? ": too small for the latent grid; make handle and target at least 16 pixels"
                          + " wide and high as the model sees them"
                      : "");
      lines.add(drag.name() + ": " + state);
    }
    lines.add(
        "%d cells filled, %d left behind (holes), %d filled more than once (collisions)"
            .formatted(
                preview.moved().count(), preview.holes().count(), preview.collisions().count()));
    return lines;
  }

  private static Map<String, Object> json(Preview preview, Path out) {
    var view = preview.frame().working();
    var json = new LinkedHashMap<String, Object>();
    json.put("preview", out.toString());
    json.put("workingWidth", view.width());
    json.put("workingHeight", view.height());
    json.put("window", List.of(view.x(), view.y(), view.windowWidth(), view.windowHeight()));
    json.put("cells", preview.moved().count());
    json.put("holes", preview.holes().count());
    json.put("collisions", preview.collisions().count());
    var drags = new ArrayList<Map<String, Object>>();
    for (var part : preview.drags()) {
      var drag = new LinkedHashMap<String, Object>();
      drag.put("name", part.name());
      drag.put("handleCells", part.handleCells());
      drag.put("targetCells", part.targetCells());
      drag.put("tooSmall", part.tooSmall());
      if (!part.problem().isEmpty()) {
        drag.put("problem", part.problem());
      }
      drags.add(drag);
    }
    json.put("drags", drags);
    return json;
  }
}
