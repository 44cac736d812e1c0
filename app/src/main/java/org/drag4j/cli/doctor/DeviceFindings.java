package org.drag4j.cli.doctor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.drag4j.device.Probe;
import org.drag4j.study.DeviceCheck;
import org.drag4j.tensor.DType;
import tools.jackson.databind.JsonNode;

/**
 * What {@code doctor} found of a device.
 *
 * @param failure what ended the talk with its driver outside of a check; empty where nothing did
 */
record DeviceFindings(
    Probe probe, SequencedMap<String, String> details, List<Checked> checks, String failure) {
  DeviceFindings {
    checks = List.copyOf(checks);
  }

  /**
   * What was found of it in one element type.
   *
   * @param failure why the cases could not all be run; empty where they were
   */
  record Checked(
      DType dtype,
      double seconds,
      List<DeviceCheck.Row> rows,
      List<String> warnings,
      String failure) {
    Checked {
      rows = List.copyOf(rows);
      warnings = List.copyOf(warnings);
    }

    boolean ok() {
      return failure.isEmpty() && rows.stream().allMatch(DeviceCheck.Row::ok);
    }

    Map<String, Object> json() {
      var json = new LinkedHashMap<String, Object>();
      json.put("dtype", label(dtype));
      json.put("ok", ok());
      json.put("seconds", Math.rint(seconds * 1000) / 1000);
      if (!failure.isEmpty()) {
        json.put("failure", failure);
      }
      json.put("warnings", warnings);
      json.put("cases", rows.stream().map(Checked::json).toList());
      return json;
    }

    private static Map<String, Object> json(DeviceCheck.Row row) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("name", row.name());
      fields.put("ok", row.ok());
      fields.put("runs", row.runs());
      fields.put("kernels", row.kernels());
      if (Double.isFinite(row.relL2())) {
        fields.put("relL2", row.relL2());
      }
      if (!row.ok()) {
        fields.put("failure", row.failure());
      }
      return fields;
    }

    /** From what {@link #json()} makes; an error that is no number becomes NaN. */
    static Checked of(JsonNode json) {
      return new Checked(
          DType.valueOf(json.path("dtype").asString().toUpperCase(Locale.ROOT)),
          json.path("seconds").asDouble(),
          json.path("cases").valueStream().map(Checked::row).toList(),
          texts(json.path("warnings")),
          json.path("failure").asString(""));
    }

    private static DeviceCheck.Row row(JsonNode json) {
      return new DeviceCheck.Row(
          json.path("name").asString(),
          texts(json.path("kernels")),
          json.path("runs").asInt(),
          json.path("relL2").asDouble(Double.NaN),
          json.path("failure").asString(""));
    }
  }

  /** An element type as it is written everywhere. */
  static String label(DType dtype) {
    return dtype.name().toLowerCase(Locale.ROOT);
  }

  /** A list of texts. */
  static List<String> texts(JsonNode json) {
    return json.valueStream().map(JsonNode::asString).toList();
  }

  /** From a row of {@code devices --json}. */
  static Probe probe(JsonNode json) {
    var device = json.path("device").asString();
    return json.has("info")
        ? new Probe.Available(device, json.path("info").asString())
        : new Probe.Unavailable(
            device, json.path("reason").asString(""), json.path("hint").asString(""));
  }

  Map<String, Object> json() {
    var json = new LinkedHashMap<String, Object>(DevicesCommand.row(probe));
    if (!failure.isEmpty()) {
      json.put("failure", failure);
    }
    if (probe instanceof Probe.Available) {
      json.put("details", details);
      json.put("checks", checks.stream().map(Checked::json).toList());
    }
    return json;
  }
}
