package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.ModelOption;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.OverwriteOption;
import org.drag4j.engine.Edit;
import org.drag4j.engine.JsonText;
import org.drag4j.engine.Provenance;
import org.drag4j.method.Preview;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureMetadata;
import org.drag4j.session.CheckedEdit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j preview}: what an edit will copy, at once and without a model. */
@Command(
    name = "preview",
    description =
        "Show which parts of a picture an edit copies where, and what will not work. No model is"
            + " loaded.",
    mixinStandardHelpOptions = true)
public final class PreviewCommand implements Callable<Integer> {
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
      description =
          "Copy whole latent cells, or pixels. Default: what the edit copies, pixels with the"
              + " variant cp-then-encode alone.")
  Optional<Preview.Detail> detail = Optional.empty();

  @Option(
      names = "--marks",
      description = "Tint cells left behind red and cells several drags meet in yellow.")
  boolean marks;

  @Option(
      names = "--regions",
      description =
          "Draw the regions instead of what is copied: handles outlined red, targets blue, the mask"
              + " green; what the mask keeps as it is, dimmed.")
  boolean regions;

  @Option(names = "--json", description = "Print the report as one JSON object.")
  boolean json;

  @Mixin final DocumentOptions options = new DocumentOptions();
  @Mixin final DocumentOptions.Image image = new DocumentOptions.Image();
  @Mixin final ModelOption model = new ModelOption();
  @Mixin final OverwriteOption overwrite = new OverwriteOption();

  @Override
  public Integer call() throws Exception {
    var out =
        overwrite.picture(
            spec,
            output.orElseGet(() -> Path.of(OutputFile.stem(file) + "-preview.png")),
            Optional.of(file));
    var warnings = ConsoleProgress.warnings(spec.commandLine().getErr());
    var document = image.applied(options.read(file, warnings::warn));
    var read = Edit.of(Edit.folder(file), document, image.file(), warnings::warn);
    out.check(read.picture(), file);
    var edit = read.checked();
    var size = ModelSize.of(model, document, Edit.folder(file));
    var task = edit.task(size.side(), size.factor());
    var preview = edit.preview(task, detail.orElseGet(() -> edit.method().detail()));
    edit.warnings(task).forEach(warnings::warn);
    out.save(
        drawn(preview, edit),
        PictureMetadata.NONE,
        Optional.of(Provenance.Origin.of(out.document())));
    var stdout = spec.commandLine().getOut();
    if (json) {
      var report = json(preview, size, out.path());
      report.put("warnings", warnings.takeWarnings());
      stdout.println(JsonText.of(report));
    } else {
      var err = spec.commandLine().getErr();
      lines(preview).forEach(err::println);
      if (document.working().size().isEmpty() && !size.assumed().isEmpty()) {
        err.println(size.assumed());
      }
      err.flush();
      stdout.println(out.path());
    }
    stdout.flush();
    return ExitCode.OK;
  }

  private Picture drawn(Preview preview, CheckedEdit edit) {
    if (regions) {
      return Preview.regions(edit.drawing(), edit.original());
    }
    return marks ? preview.marked() : preview.picture();
  }

  private static List<String> lines(Preview preview) {
    var view = preview.frame().working();
    var lines = new ArrayList<String>();
    lines.add(
        "works on "
            + view.windowWidth()
            + "x"
            + view.windowHeight()
            + " at ("
            + view.x()
            + ", "
            + view.y()
            + ") as "
            + view.width()
            + "x"
            + view.height()
            + ", "
            + view.columns()
            + "x"
            + view.rows()
            + " cells");
    for (var drag : preview.drags()) {
      String state =
          !drag.problem().isEmpty()
              ? drag.problem()
              : drag.handleCells()
                  + " cells to "
                  + drag.targetCells()
                  + (drag.keptCells() > 0
                      ? ", " + drag.keptCells() + " of them kept as they are by the mask"
                      : "")
                  + (drag.tooSmall()
                      ? ": too small for the latent grid; make handle and target at least 16 pixels"
                          + " wide and high as the model sees them"
                      : "");
      lines.add(drag.name() + ": " + state);
    }
    lines.add(
        preview.moved().count()
            + " cells filled, "
            + preview.holes().count()
            + " left behind (holes), "
            + preview.collisions().count()
            + " filled more than once (collisions)");
    return lines;
  }

  private static Map<String, Object> json(Preview preview, ModelSize size, Path out) {
    var view = preview.frame().working();
    var json = new LinkedHashMap<String, Object>();
    json.put("preview", out.toString());
    json.put("modelSize", size.side());
    size.model().ifPresent(folder -> json.put("model", folder.toString()));
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
      drag.put("keptCells", part.keptCells());
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
