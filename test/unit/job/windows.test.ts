import { UsageError } from "tidefill";
import { describe, expect, test, vi } from "vitest";
import { TimeZone } from "../../../src/job/pace/time-zone.ts";
import { untilInstant } from "../../../src/job/pace/until-instant.ts";
import { Windows } from "../../../src/job/pace/windows.ts";

const at = (text: string): Date => new Date(text);

/** When it opens or closes, in order. */
function changes(text: string, from: string, count: number): string[] {
  const windows = Windows.parse(text);
  const found: string[] = [];
  for (let now = at(from); found.length < count; ) {
    const next = windows.nextChange(now);
    if (next === null) return [...found, "never"];
    found.push(`${windows.isOpen(next) ? "open" : "closed"} ${next.toISOString().slice(0, 16)}Z`);
    now = next;
  }
  return found;
}

// 2026-06-01 is a Monday. In June, Berlin is two hours ahead of UTC.
describe("a window", () => {
  test.each([
    ["09:00-17:00 UTC", "2026-06-01T08:59:59.999Z", false],
    ["09:00-17:00 UTC", "2026-06-01T09:00:00Z", true],
    ["09:00-17:00 UTC", "2026-06-01T16:59:59.999Z", true],
    ["09:00-17:00 UTC", "2026-06-01T17:00:00Z", false],
    ["22:00-06:00 UTC", "2026-06-01T21:59:00Z", false],
    ["22:00-06:00 UTC", "2026-06-01T22:00:00Z", true],
    ["22:00-06:00 UTC", "2026-06-02T00:00:00Z", true],
    ["22:00-06:00 UTC", "2026-06-02T05:59:59Z", true],
    ["22:00-06:00 UTC", "2026-06-02T06:00:00Z", false],
    ["22:00-00:00 UTC", "2026-06-01T23:59:59Z", true],
    ["22:00-00:00 UTC", "2026-06-02T00:00:00Z", false],
    ["22:00-24:00 UTC", "2026-06-02T00:00:00Z", false],
    ["00:00-24:00 UTC", "2026-06-02T00:00:00Z", true],
  ])("%s is open at %s: %s", (text, moment, isOpen) => {
    expect(Windows.parse(text).isOpen(at(moment))).toBe(isOpen);
  });

  test.each([
    ["22:00-06:00 Europe/Berlin", "2026-06-01T20:00:00Z", true],
    ["22:00-06:00 Europe/Berlin", "2026-06-01T19:59:00Z", false],
    ["22:00-06:00 Europe/Berlin", "2026-01-05T21:00:00Z", true],
    ["22:00-06:00 Europe/Berlin", "2026-01-05T20:59:00Z", false],
    ["22:00-06:00 America/New_York", "2026-06-02T02:00:00Z", true],
    ["10:00-11:00 Asia/Kolkata", "2026-06-01T04:30:00Z", true],
    ["10:00-11:00 Asia/Kolkata", "2026-06-01T05:30:00Z", false],
  ])("%s follows the clocks of its zone: at %s it is open: %s", (text, moment, isOpen) => {
    expect(Windows.parse(text).isOpen(at(moment))).toBe(isOpen);
  });

  test.each([
    ["Fri 22:00-06:00 UTC", "2026-06-05T22:00:00Z", true],
    ["Fri 22:00-06:00 UTC", "2026-06-06T05:59:00Z", true],
    ["Fri 22:00-06:00 UTC", "2026-06-05T05:59:00Z", false],
    ["Fri 22:00-06:00 UTC", "2026-06-06T22:00:00Z", false],
    ["Sun 22:00-06:00 UTC", "2026-06-08T05:59:00Z", true],
    ["Mon 22:00-06:00 UTC", "2026-06-01T05:59:00Z", false],
    ["Mon-Fri 09:00-17:00 UTC", "2026-06-05T12:00:00Z", true],
    ["Mon-Fri 09:00-17:00 UTC", "2026-06-06T12:00:00Z", false],
    ["Fri-Mon 09:00-17:00 UTC", "2026-06-01T12:00:00Z", true],
    ["Fri-Mon 09:00-17:00 UTC", "2026-06-07T12:00:00Z", true],
    ["Fri-Mon 09:00-17:00 UTC", "2026-06-02T12:00:00Z", false],
    ["Mon,Wed-Thu 09:00-17:00 UTC", "2026-06-03T12:00:00Z", true],
    ["Mon,Wed-Thu 09:00-17:00 UTC", "2026-06-02T12:00:00Z", false],
    ["Mon 23:00-24:00 Asia/Tokyo", "2026-06-01T14:00:00Z", true],
    ["Mon 00:00-01:00 Asia/Tokyo", "2026-05-31T15:00:00Z", true],
  ])("%s belongs to the days on which it begins: at %s it is open: %s", (text, moment, isOpen) => {
    expect(Windows.parse(text).isOpen(at(moment))).toBe(isOpen);
  });

  test("is open when one of several is, each in its own zone", () => {
    const text = "Mon-Fri 22:00-06:00 Europe/Berlin ;  Sat,Sun 00:00-24:00 America/New_York";
    const windows = Windows.parse(text);
    const moments = [
      "2026-06-01T21:00Z",
      "2026-06-02T12:00Z",
      "2026-06-06T03:59Z",
      "2026-06-06T04:00Z",
      "2026-06-08T03:59Z",
    ];
    expect(moments.map((moment) => windows.isOpen(at(moment)))).toEqual([true, false, true, true, true]);
    expect(windows.isOpen(at("2026-06-06T04:30Z"))).toBe(true);
    expect(windows.isOpen(at("2026-06-08T04:00Z"))).toBe(false);
    expect(String(windows)).toBe("Mon-Fri 22:00-06:00 Europe/Berlin; Sat,Sun 00:00-24:00 America/New_York");
  });
});

describe("the next change of a window", () => {
  test.each([
    ["22:00-06:00 UTC", "2026-06-01T12:00Z", ["open 2026-06-01T22:00Z", "closed 2026-06-02T06:00Z"]],
    ["22:00-06:00 UTC", "2026-06-01T21:59:59.999Z", ["open 2026-06-01T22:00Z"]],
    ["22:00-06:00 UTC", "2026-06-01T22:00Z", ["closed 2026-06-02T06:00Z"]],
    ["Mon 09:00-10:00 UTC", "2026-06-01T10:00Z", ["open 2026-06-08T09:00Z"]],
    ["Sat,Sun 00:00-24:00 UTC", "2026-06-01T10:00Z", ["open 2026-06-06T00:00Z", "closed 2026-06-08T00:00Z"]],
    [
      "09:00-12:00 UTC; 12:00-15:00 UTC",
      "2026-06-01T08:00Z",
      ["open 2026-06-01T09:00Z", "closed 2026-06-01T15:00Z"],
    ],
    ["00:00-24:00 UTC", "2026-06-01T08:00Z", ["never"]],
  ])("%s after %s", (text, from, expected) => {
    expect(changes(text, from, expected.length)).toEqual(expected);
  });
});

// Berlin: on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00, both at 01:00 UTC.
// New York: on 2026-03-08 02:00 becomes 03:00 at 07:00 UTC, on 2026-11-01 02:00 becomes 01:00 at 06:00 UTC.
describe("work that takes so many seconds is over", () => {
  test.each([
    // window, begun, seconds of work, end
    ["22:00-06:00 UTC", "2026-06-01T23:00Z", 3_600, "2026-06-02T00:00Z"],
    ["22:00-06:00 UTC", "2026-06-01T12:00Z", 3_600, "2026-06-01T23:00Z"],
    ["22:00-06:00 UTC", "2026-06-01T23:00Z", 8 * 3_600, "2026-06-02T23:00Z"],
    ["22:00-06:00 UTC", "2026-06-01T22:00Z", 20 * 3_600, "2026-06-04T02:00Z"],
    ["00:00-24:00 UTC", "2026-06-01T12:00Z", 30 * 86_400, "2026-07-01T12:00Z"],
    ["02:00-04:00 Europe/Berlin", "2026-03-28T12:00Z", 3_600, "2026-03-29T02:00Z"],
  ])("in %s from %s after %s s: at %s", (text, begun, seconds, over) => {
    const passed = Windows.parse(text).secondsUntil(seconds, new Date(begun));
    expect(new Date(new Date(begun).getTime() + (passed ?? 0) * 1_000).toISOString()).toBe(
      new Date(over).toISOString(),
    );
  });

  test("years ahead, where the window opens for a minute a day", () => {
    const days =
      (Windows.parse("22:00-22:01 UTC").secondsUntil(86_400, new Date("2026-06-01T00:00Z")) ?? 0) / 86_400;
    expect(days).toBeCloseTo(1_439 + 22 / 24, 2);
  });

  test("without a search, where the window never closes", () => {
    const isOpen = vi.spyOn(Windows.prototype, "isOpen");
    const always = Windows.parse("Mon-Fri 00:00-24:00 UTC; Sat,Sun 00:00-12:00 UTC; Sat,Sun 12:00-24:00 UTC");
    expect(always.secondsUntil(1e9, new Date())).toBe(1e9);
    expect(isOpen).not.toHaveBeenCalled();
    isOpen.mockRestore();
  });
});

describe("when the clocks change", () => {
  test.each([
    ["Europe/Berlin", "22:00-06:00", "2026-03-28T12:00Z", "2026-03-28T21:00Z", "2026-03-29T04:00Z"],
    ["Europe/Berlin", "22:00-06:00", "2026-10-24T12:00Z", "2026-10-24T20:00Z", "2026-10-25T05:00Z"],
    ["America/New_York", "22:00-06:00", "2026-03-07T12:00Z", "2026-03-08T03:00Z", "2026-03-08T10:00Z"],
    ["America/New_York", "22:00-06:00", "2026-10-31T12:00Z", "2026-11-01T02:00Z", "2026-11-01T11:00Z"],
    // begins in the skipped hour: opens with the next hour
    ["Europe/Berlin", "02:30-05:00", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-29T03:00Z"],
    ["America/New_York", "02:30-05:00", "2026-03-07T12:00Z", "2026-03-08T07:00Z", "2026-03-08T09:00Z"],
    // ends in the skipped hour: closes where that hour would have begun
    ["Europe/Berlin", "00:00-02:30", "2026-03-28T12:00Z", "2026-03-28T23:00Z", "2026-03-29T01:00Z"],
    ["America/New_York", "00:00-02:30", "2026-03-07T12:00Z", "2026-03-08T05:00Z", "2026-03-08T07:00Z"],
    // lies in the skipped hour: opens a day later
    ["Europe/Berlin", "02:15-02:45", "2026-03-28T12:00Z", "2026-03-30T00:15Z", "2026-03-30T00:45Z"],
    ["America/New_York", "02:00-03:00", "2026-03-07T12:00Z", "2026-03-09T06:00Z", "2026-03-09T07:00Z"],
  ])("in %s, %s after %s opens at %s and closes at %s", (zone, hours, from, opens, closes) => {
    expect(changes(`${hours} ${zone}`, from, 2)).toEqual([`open ${opens}`, `closed ${closes}`]);
  });

  test.each([
    ["Europe/Berlin", "02:15-02:45", "2026-10-24T12:00Z", ["00:15", "00:45", "01:15", "01:45"]],
    ["Europe/Berlin", "02:30-05:00", "2026-10-24T12:00Z", ["00:30", "01:00", "01:30", "04:00"]],
    ["Europe/Berlin", "00:30-02:30", "2026-10-24T23:00Z", ["closed 00:30", "01:00", "01:30"]],
    ["America/New_York", "01:15-01:45", "2026-10-31T12:00Z", ["05:15", "05:45", "06:15", "06:45"]],
  ])("in %s, %s in the repeated hour follows the clock both times", (zone, hours, from, times) => {
    const found = changes(`${hours} ${zone}`, from, times.length);
    expect(found.map((change) => change.slice(-6, -1))).toEqual(times.map((time) => time.slice(-5)));
  });

  test.each([
    ["Sun 02:00-03:00 Europe/Berlin", "2026-03-22T02:00Z", "open 2026-04-05T00:00Z"],
    ["Sun 02:00-03:00 America/New_York", "2026-03-01T08:00Z", "open 2026-03-15T06:00Z"],
  ])("%s, whose only hour of the week is skipped, opens a week later", (text, from, opens) => {
    expect(changes(text, from, 1)).toEqual([opens]);
  });
});

describe("a window is refused", () => {
  test.each([
    ["", "not have the form of one"],
    ["always", "not have the form of one"],
    ["22:00 Europe/Berlin", "not have the form of one"],
    ["22-06 Europe/Berlin", "not have the form of one"],
    ["22:0-06:00 Europe/Berlin", "not have the form of one"],
    ["Mon 22:00-06:00 Europe/Berlin please", "not have the form of one"],
    ["Mo-Fr 22:00-06:00 Europe/Berlin", "not have the form of one"],
    ["Mon- 22:00-06:00 Europe/Berlin", "not have the form of one"],
    ["Mon-Wed-Fri 22:00-06:00 Europe/Berlin", "not have the form of one"],
    ["22:60-06:00 Europe/Berlin", "no such time of day"],
    ["25:00-06:00 Europe/Berlin", "no such time of day"],
    ["24:00-06:00 Europe/Berlin", "no such time of day"],
    ["22:00-24:01 Europe/Berlin", "no such time of day"],
    ["06:00-06:00 Europe/Berlin", "the whole day is 00:00-24:00"],
    ["22:00-06:00", "its time zone is missing"],
  ])("%j, with the reason: %s", (text, why) => {
    const parse = (): Windows => Windows.parse(text);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(`"${text}" is not a window: `);
    expect(parse).toThrow(why);
  });

  test("by the one of several that is wrong", () => {
    expect(() => Windows.parse("22:00-06:00 UTC; 09:00-08:60 UTC")).toThrow(
      /^"09:00-08:60 UTC" is not a window/,
    );
    expect(() => Windows.parse("22:00-06:00 UTC;")).toThrow(/^"" is not a window/);
  });

  test.each([
    ["Europe/Berln", "Write it as Europe/Berlin, America/New_York or UTC."],
    ["Berlin", "Did you mean Europe/Berlin?"],
    ["America/Berlin", "Did you mean Europe/Berlin?"],
    ["CEST", "Write it as Europe/Berlin, America/New_York or UTC."],
  ])("in the unknown zone %s: %s", (zone, remedy) => {
    expect(() => Windows.parse(`22:00-06:00 ${zone}`)).toThrow(
      expect.objectContaining({ message: `"${zone}" is not a time zone.`, remedy }),
    );
  });
});

describe("--until", () => {
  const now = at("2026-06-01T10:30:30Z");

  test.each([
    ["12:31 Europe/Berlin", "2026-06-01T10:31:00.000Z"],
    ["23:00 Europe/Berlin", "2026-06-01T21:00:00.000Z"],
    ["12:30 Europe/Berlin", "2026-06-02T10:30:00.000Z"],
    ["06:00 Europe/Berlin", "2026-06-02T04:00:00.000Z"],
    ["6:00 America/New_York", "2026-06-02T10:00:00.000Z"],
    [" 00:00 UTC ", "2026-06-02T00:00:00.000Z"],
    ["2026-06-01T12:30:31+02:00", "2026-06-01T10:30:31.000Z"],
    ["2026-11-23 06:00+0100", "2026-11-23T05:00:00.000Z"],
  ])("%s is the next such time: %s", (text, expected) => {
    expect(untilInstant(text, now).toISOString()).toBe(expected);
  });

  test.each([
    ["02:30 Europe/Berlin", "2026-03-28T12:00Z", "2026-03-30T00:30:00.000Z"],
    ["02:30 Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30:00.000Z"],
    ["02:30 America/New_York", "2026-03-07T07:30Z", "2026-03-09T06:30:00.000Z"],
  ])("%s after %s, when the clocks change, is %s", (text, from, expected) => {
    expect(untilInstant(text, at(from)).toISOString()).toBe(expected);
  });

  test.each([
    ["24:00 UTC"],
    ["12:75 UTC"],
    ["25:00 UTC"],
    ["tomorrow"],
    ["2026-06-02"],
    ["2026-06-02T06:00"],
    ["2026-02-30T06:00Z"],
    ["2027-02-29T06:00Z"],
    ["2026-13-01T06:00Z"],
  ])("%s is refused as a time", (text) => {
    expect(() => untilInstant(text, at("2026-01-01T00:00Z"))).toThrow(UsageError);
    expect(() => untilInstant(text, at("2026-01-01T00:00Z"))).toThrow(`"${text}" is not a time.`);
  });

  test("that has passed is refused, and so is a zone that there is not", () => {
    expect(() => untilInstant("2026-06-01T12:30+02:00", now)).toThrow(/has already passed/);
    expect(() => untilInstant("06:00 Europe/Berln", now)).toThrow(/"Europe\/Berln" is not a time zone/);
  });
});

test.each([
  "Europe/Berlin",
  "America/St_Johns",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Chatham",
  "UTC",
])("wall clock times in %s agree with Intl for two years", (name) => {
  const zone = new TimeZone(name);
  const format = new Intl.DateTimeFormat("en-US", {
    ...({ timeZone: name, hourCycle: "h23", weekday: "short", hour: "2-digit", minute: "2-digit" } as const),
  });
  const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const end = Date.parse("2028-01-01T00:00Z");
  for (let at = Date.parse("2026-01-01T00:07Z"); at < end; at += 47 * 60_000) {
    const [, day = "", hour, minute] = /^(\w+),? (\d+):(\d+)$/.exec(format.format(at)) ?? [];
    const expected = { day: days.indexOf(day), minute: 60 * Number(hour) + Number(minute) };
    expect(zone.wallTime(new Date(at)), new Date(at).toISOString()).toEqual(expected);
  }
});
