package org.drag4j.cli.command;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.option.EngineOptions;
import org.drag4j.cli.option.GlimpseOptions;
import org.drag4j.cli.option.MetadataOption;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.RunOptions;
import org.drag4j.document.Settings;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Place;
import org.drag4j.engine.Setup;
import org.drag4j.session.EditResult;
import picocli.CommandLine.Model.CommandSpec;

/**
 * An edit that was carried out.
 *
 * @param out where its picture goes
 */
record Edited(Edit edit, EditResult result, Place model, Setup setup, OutputFile out) {
  /** Carries out an edit alone. */
  static Edited of(
      Edit edit,
      Place model,
      OutputFile out,
      EngineOptions options,
      Keeping keeping,
      GlimpseOptions glimpses,
      MetadataOption metadata,
      ConsoleProgress progress)
      throws IOException, InterruptedException {
    try (var engine = options.start(keeping)) {
      var job = glimpses.followed(edit.job(model.path()), out, metadata, progress);
      return new Edited(edit, engine.submit(job).await(), model, options.setup(), out);
    }
  }

  /** Writes the picture. */
  void save(MetadataOption metadata, ConsoleProgress progress) throws IOException {
    edit.loss(metadata.wanted()).ifPresent(progress::warn);
    var carried = metadata.of(() -> edit.metadata(result, model, out.path(), setup));
    var origin = metadata.origin(() -> edit.origin(out.document(), model.path(), setup));
    out.save(result.picture(), carried, origin, progress);
  }

  /** What JSON output says of it. */
  Map<String, Object> json(ConsoleProgress progress) {
    var json = new LinkedHashMap<String, Object>();
    json.put("picture", out.path().toString());
    json.put("width", result.picture().width());
    json.put("height", result.picture().height());
    json.put("windows", Edit.windows(result));
    json.put("movedPixels", result.pixels().size());
    json.put("seed", edit.document().seed());
    Settings.value(edit.document().method().parameters(), "steps")
        .ifPresent(steps -> json.put("steps", steps));
    json.put("device", setup.device());
    json.put("seconds", progress.phaseSeconds());
    json.put("warnings", progress.takeWarnings());
    return json;
  }

  /** Prints it, and what the trace saw. */
  void print(CommandSpec spec, RunOptions options, ConsoleProgress progress) {
    progress.finish();
    options.engine.printTrace(spec);
    options.show.print(spec, json(progress), out.path().toString());
  }
}
