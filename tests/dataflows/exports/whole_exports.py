"""A small whole export of each format, made up: what damage is done to, at random."""

import json

from tests.dataflows.exports import apple_health_examples as apple
from tests.dataflows.exports import withings_examples as withings
from tests.dataflows.exports.conftest import MI_HEADER, csv_of, mi_line
from tests.dataflows.exports.databases import HEALTH_CONNECT, database, script_of

EVENING, MORNING = apple.utc(2024, 1, 1, 22), apple.utc(2024, 1, 2, 6)
MINUTE, HOUR = 60, 3600
START = 1_767_225_600  # 2026-01-01 00:00 UTC

MI_NIGHT = {
    "bedtime": START, "wake_up_time": START + 8 * HOUR, "device_bedtime": START,
    "device_wake_up_time": START + 8 * HOUR, "duration": 470, "sleep_deep_duration": 100,
    "sleep_light_duration": 300, "sleep_rem_duration": 70, "sleep_awake_duration": 10,
    "awake_count": 1, "timezone": 4,
    "items": [{"start_time": START, "end_time": START + HOUR, "state": 3},
              {"start_time": START + HOUR, "end_time": START + 8 * HOUR, "state": 2}],
}  # fmt: skip
FITBIT_NIGHT = {
    "logId": 1, "dateOfSleep": "2024-03-11", "startTime": "2024-03-10T23:00:00.000",
    "endTime": "2024-03-11T07:00:00.000", "minutesToFallAsleep": 4, "mainSleep": True,
    "levels": {
        "data": [{"dateTime": "2024-03-10T23:00:00.000", "level": "light", "seconds": 28_800}],
        "shortData": [{"dateTime": "2024-03-10T23:30:00.000", "level": "wake", "seconds": 60}],
    },
}  # fmt: skip
OURA_NIGHT = {
    "day": "2026-05-25", "type": "long_sleep", "bedtime_start": "2026-05-24T23:00:00-07:00",
    "bedtime_end": "2026-05-25T07:00:00-07:00", "deep_sleep_duration": 5400, "latency": 60,
    "light_sleep_duration": 14_400, "rem_sleep_duration": 6000, "awake_time": 3000,
    "lowest_heart_rate": 51, "sleep_phase_5_min": "4422211334",
}  # fmt: skip
GADGETBRIDGE = script_of(
    {
        "DEVICE": "_id INTEGER PRIMARY KEY, NAME TEXT, IDENTIFIER TEXT",
        "XIAOMI_ACTIVITY_SAMPLE": "TIMESTAMP INTEGER, DEVICE_ID INTEGER, HEART_RATE INTEGER",
        "HUAMI_HEART_RATE_RESTING_SAMPLE": (
            "TIMESTAMP INTEGER, DEVICE_ID INTEGER, UTC_OFFSET INTEGER, HEART_RATE INTEGER"
        ),
        "XIAOMI_SLEEP_TIME_SAMPLE": (
            "TIMESTAMP INTEGER, DEVICE_ID INTEGER, WAKEUP_TIME INTEGER, IS_AWAKE INTEGER, "
            "TOTAL_DURATION INTEGER, DEEP_SLEEP_DURATION INTEGER, LIGHT_SLEEP_DURATION INTEGER, "
            "REM_SLEEP_DURATION INTEGER, AWAKE_DURATION INTEGER"
        ),
        "XIAOMI_SLEEP_STAGE_SAMPLE": "TIMESTAMP INTEGER, DEVICE_ID INTEGER, STAGE INTEGER",
    }
)


def samsung(kind, columns, *rows):
    lines = [f"com.samsung.shealth.{kind},6310001,6", columns, *rows]
    return csv_of(*lines).encode()


def text(*lines):
    return csv_of(*lines).encode()


def document(told):
    return json.dumps(told).encode()


def milliseconds(seconds):
    return seconds * 1000


def health_connect():
    app = {"app_info_id": 1, "last_modified_time": milliseconds(START)}
    return database(
        HEALTH_CONNECT,
        [
            ("application_info_table", {"row_id": 1, "package_name": "com.example.cuff"}),
            ("blood_pressure_record_table",
             {"time": milliseconds(START), "zone_offset": 3600, "systolic": 131.5,
              "diastolic": 82.0} | app),
            ("heart_rate_record_table",
             {"row_id": 1, "start_time": milliseconds(START), "start_zone_offset": 3600,
              "end_time": milliseconds(START + HOUR)} | app),
            ("heart_rate_record_series_table",
             {"parent_key": 1, "beats_per_minute": 61, "epoch_millis": milliseconds(START + 60)}),
            ("sleep_session_record_table",
             {"row_id": 1, "start_time": milliseconds(START), "start_zone_offset": 3600,
              "end_time": milliseconds(START + 8 * HOUR)} | app),
            ("sleep_stages_table",
             {"parent_key": 1, "stage_start_time": milliseconds(START),
              "stage_end_time": milliseconds(START + HOUR), "stage_type": 4}),
        ],
    )  # fmt: skip


def gadgetbridge():
    device = {"DEVICE_ID": 1}
    return database(
        GADGETBRIDGE,
        [
            ("DEVICE", {"_id": 1, "NAME": "Mi Band 6", "IDENTIFIER": "C0:FF:EE:00:A1:B2"}),
            *(("XIAOMI_ACTIVITY_SAMPLE",
               {"TIMESTAMP": START + 60 * n, "HEART_RATE": 60 + n} | device) for n in range(9)),
            ("HUAMI_HEART_RATE_RESTING_SAMPLE",
             {"TIMESTAMP": milliseconds(START), "UTC_OFFSET": 7_200_000, "HEART_RATE": 52}
             | device),
            ("XIAOMI_SLEEP_TIME_SAMPLE",
             {"TIMESTAMP": milliseconds(START), "WAKEUP_TIME": milliseconds(START + 8 * HOUR),
              "IS_AWAKE": 1, "TOTAL_DURATION": 470, "DEEP_SLEEP_DURATION": 100,
              "LIGHT_SLEEP_DURATION": 300, "REM_SLEEP_DURATION": 70, "AWAKE_DURATION": 10}
             | device),
            *(("XIAOMI_SLEEP_STAGE_SAMPLE",
               {"TIMESTAMP": milliseconds(START + HOUR * n), "STAGE": 2 + n % 3} | device)
              for n in range(8)),
        ],
    )  # fmt: skip


def google_fit():
    kinds = {"heart_rate.bpm": [61.0], "blood_pressure": [121.0, 79.0], "sleep.segment": [4]}
    points = [
        {"dataTypeName": f"com.google.{kind}",
         "fitValue": [{"value": {"intVal" if kind[0] == "s" else "fpVal": value}}
                      for value in values],
         "startTimeNanos": START * 10**9, "endTimeNanos": (START + HOUR) * 10**9}
        for kind, values in kinds.items()
    ]  # fmt: skip
    return document({"Data Source": "x", "Data Points": points})


def apple_health():
    return apple.export(
        apple.heart_rate(61, EVENING),
        apple.heart_rate(62, EVENING, metadata=apple.BERLIN),
        apple.resting(55, EVENING, MORNING),
        apple.correlation(apple.pressures(121, 79, EVENING), EVENING),
        apple.pressure("Systolic", 131, MORNING),
        apple.pressure("Diastolic", 81, MORNING),
        apple.sleep("AsleepDeep", EVENING, MORNING),
        apple.sleep("InBed", EVENING, MORNING, source=apple.PHONE),
    ).encode()


EXPORTS = {
    "annotations": text(
        "kind,label,start,end,note", "medication,amlodipine 5 mg,2025-10-04,,in the morning",
        "illness,flu,2026-01-24,2026-01-29,", "travel,,2026-02-01,,",
    ),
    "apple health": apple_health(),
    "beurer": text(
        "BLUTDRUCK", "Datum;Uhrzeit;Sys;Dia;Puls;MAD;Manuell hinzugefügt",
        "15.03.2034;16:37;101;71;61;90;0", "16.03.2034;16:37;101;71;61;90;1", "",
        "MAD = Mittlerer arterieller Druck",
    ),
    "fitbit heart rate": document(
        [{"dateTime": f"01/01/24 00:00:0{n}", "value": {"bpm": 61 + n, "confidence": 2}}
         for n in range(9)]
    ),
    "fitbit heart rate table": text(
        "timestamp,beats per minute,data source", "2026-06-19T04:00:00Z,61.0,Charge 6",
        "2026-06-19T04:00:05Z,62.0,Charge 6",
    ),
    "fitbit sleep": document([FITBIT_NIGHT]),
    "fitbit stages": text(
        "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,"
        "end_utc_offset,sleep_stage_end",
        "1,2,LIGHT,+02:00,2026-10-24T20:30:00Z,+01:00,2026-10-25T01:14:00Z",
        "1,2,DEEP,+02:00,2026-10-25T01:14:00Z,+01:00,2026-10-25T05:47:00Z",
    ),
    "gadgetbridge": gadgetbridge(),
    "google fit": google_fit(),
    "health connect": health_connect(),
    "ihealth": text(
        "Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note", '"Sep 15, 2029",10:11,96,66,61,',
        '"Jul 29, 2021",13:14,249,96,61,after a walk',
    ),
    "log": text(
        "date,time,systolic,diastolic,pulse,note", "2025-05-01,07:30,121,79,64,",
        "2025-05-01,19:30,16.1,10.5,64,kPa", "2025-05-02,7:30 pm,119,77,,",
    ),
    "mi fitness": text(
        MI_HEADER,
        mi_line("heart_rate", {"time": START, "bpm": 61}, START),
        mi_line("resting_heart_rate", {"bpm": 55, "date_time": START}, START),
        mi_line("sleep", MI_NIGHT, START),
        mi_line("blood_pressure", {"systolic": 121, "diastolic": 79}, START),
    ),
    "omron": text(
        "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes",
        "Jan 12 2025,08:12,121,79,63,-,-,-,-", "Jan 11 2025,08:12,122,79,63,-,-,-,after a walk",
    ),
    "oura": document(
        {"sleep": [OURA_NIGHT],
         "heartrate": [{"bpm": 61, "source": "rest", "timestamp": "2026-05-25T06:00:00+00:00"}]}
    ),
    "samsung blood pressure": samsung(
        "blood_pressure",
        ",".join(f"com.samsung.health.blood_pressure.{name}" for name in (
            "systolic", "diastolic", "pulse", "start_time", "time_offset", "pkg_name",
            "deviceuuid", "update_time", "comment", "datauuid")),
        "128.0,79.0,64.0,2026-06-19 04:00:00.000,UTC+0200,com.samsung.android.shealthmonitor,"
        "QFAL7bqk2x,,,,",
    ),
    "samsung heart rate": document(
        [{"heart_rate": 61.0, "heart_rate_min": 5, "heart_rate_max": 9,
          "start_time": milliseconds(START)}]
    ),
    "samsung stages": samsung(
        "sleep_stage",
        "start_time,sleep_id,update_time,stage,time_offset,deviceuuid,pkg_name,end_time",
        *(f"2026-06-18 {hour}:00:00.000,,,4000{hour - 18},UTC+0200,QFAL7bqk2x,x,"
          f"2026-06-18 {hour + 1}:00:00.000," for hour in (19, 20, 21)),
    ),
    "withings blood pressure": text(
        withings.PRESSURE, '"2025-01-11 07:34:49",61,121,79,', '"2025-01-12 07:34:49",61,122,79,x'
    ),
    "withings heart rate": text(withings.SERIES, *withings.heart_rates(days=1)),
    "withings sleep": text(
        withings.SLEEP, withings.night_row("2025-01-12T23:00:00+01:00", "2025-01-13T07:00:00+01:00")
    ),
    "workbook": text(
        '{"workbook_sheet": 1}', '[1, ["Date", "Time", "Systolic", "Diastolic", "Pulse"]]',
        '[2, [{"date": 45838}, {"time": 0.3}, 121, 79, 64]]',
        '[5, ["2025-07-01", "7:30", 122, 79]]',
    ),
    "google sheet": text(
        '{"google_sheet": 1, "locale": "en_GB", "time_zone": "Europe/Berlin"}',
        '[1, ["Date", "Time", "Systolic", "Diastolic", "Pulse"]]',
        '[2, [{"date": 45838}, {"time": 0.3}, 121, 79, 64]]',
        '[3, ["2025-07-01", "7:30", 122, 79]]',
    ),
    "zepp heart rate": text(
        "date,time,heartRate", *(f"2024-01-01,00:0{n},{61 + n}" for n in range(9))
    ),
    "zepp sleep": text(
        "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime,naps",
        "2024-01-02,100,250,20,2024-01-01 22:00:00+0000,2024-01-02 05:30:00+0000,80,",
    ),
    "zepp minutes": text(
        "date,time,stage,hr,respiratory_rate",
        *(f"2024-01-02,00:{n:02d},{'REM' if n > 9 else 'LIGHT'},," for n in range(19, -1, -1)),
    ),
}  # fmt: skip
